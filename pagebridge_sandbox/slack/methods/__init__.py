"""The methods of the Web API, a module for each family. Source of arguments, scopes, tiers and errors: their pages."""

from pagebridge_sandbox.slack.methods import (
    blocks,
    chat,
    conversations,
    direct,
    history,
    marks,
    rooms,
    session,
    users,
    views,
)

FAMILIES = (blocks, chat, conversations, direct, history, marks, rooms, session, users, views)
METHODS = {name: method for family in FAMILIES for name, method in family.METHODS.items()}
