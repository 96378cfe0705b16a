"""The methods of the Web API, a module for each family. Source of arguments, scopes, tiers and errors: their pages."""

from pagebridge.sandbox.slack.methods import blocks, chat, conversations, history, session, users

METHODS = blocks.METHODS | chat.METHODS | conversations.METHODS | history.METHODS | session.METHODS | users.METHODS
