"""Checks of credentials and routes, used at start-up and by `pagebridge doctor`."""
