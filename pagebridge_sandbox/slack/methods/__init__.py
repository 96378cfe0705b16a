"""The methods of the Web API, a module for each family. Source of arguments, scopes, tiers and errors: their pages."""

from pagebridge_sandbox.slack.methods import (
    blocks,
    canvases,
    channel_admin,
    chat,
    conversations,
    direct,
    history,
    pins_reactions,
    session,
    user_groups,
    users,
    views,
)

FAMILIES = (
    blocks, canvases, chat, conversations, direct, history, pins_reactions, channel_admin, session, user_groups, users,
    views,
)  # fmt: skip
METHODS = {name: method for family in FAMILIES for name, method in family.METHODS.items()}
