"""A storm's incidents of low importance, on one card of their channel."""
