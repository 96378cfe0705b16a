"""The part of `bridge.toml` that says who may hear of their incidents by direct message."""

from shared.config.card_config import Table


class NotifyConfig(Table):
    """Direct messages to the people whom PagerDuty pages, for those who ask for them."""

    enabled: bool = False
    """With `true` people can ask for a direct message with the card of what is assigned to them: `/pd notify`."""
