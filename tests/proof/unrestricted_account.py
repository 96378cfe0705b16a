"""An account that can do everything, so that no simulated day spends calls on finding that out."""

from bolt_app.account_cache import AccountCache
from shared.model.actions import Action
from shared.slack.render.buttons import EVERYTHING


class AbleToDoEverything(AccountCache):
    """Knows without asking."""

    async def _read_available_actions(self) -> frozenset[Action]:
        """Tell what the account can do."""
        return EVERYTHING
