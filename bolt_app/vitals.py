"""
Looks again and again whether what work needs can be had: Slack, PagerDuty, channels, teams, right clocks.

A socket that is up and a Redis that answers prove none of that: tokens get revoked, channels archived. Each look is one
cheap call, a few in a minute. Teams are only looked at while one could not be read for a card.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from bolt_app.visibility import Visibility
from shared.config.bridge_config import LiveConfig
from shared.config.errors import Problem
from shared.diagnostics import credential_checks
from shared.diagnostics.pagerduty_access import rejection
from shared.diagnostics.route_checks import RouteChecks
from shared.durations import Durations
from shared.errors import CallError, Malformed, Refused, Unavailable
from shared.model.event import SECOND
from shared.model.ids import ChannelId
from shared.observability.log import reference
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.store.clock import StoreClock

log = structlog.get_logger()

AGAIN = 2.0
"""Seconds until a look that had no clear answer is repeated: one slow call is no problem, two in a row are."""
MOST_SKEW_MS = 60_000
"""Milliseconds that a clock may differ from Slack's: beyond that messages are looked for at the wrong time."""

MOST_CHANNELS = 8
"""Channels of routes that are looked at in one go: Slack takes some fifty such calls a minute."""
MOST_NAMED = 5
"""How many that take no cards are named."""

CAUSES = {"default_channel": "slack", "channels": "slack", "teams": "pagerduty"}
"""Which side each check asks besides the check of that side itself."""

Look = Callable[[], Awaitable[str]]
"""Returns what is wrong and what to do, empty if nothing is. Raises `CallError` or `Malformed`."""


@dataclass
class Vitals:
    """The results of the last checks."""

    slack: Slack
    pagerduty: PagerDuty
    visibility: Visibility
    config: LiveConfig
    clock: StoreClock
    durations: Durations
    wall_clock: Callable[[], float] = time.time
    found: dict[str, str] = field(default_factory=dict, init=False)
    """The problems that the last looks found."""
    _unanswered: set[str] = field(default_factory=set, init=False)
    """Those that only found that a call failed."""
    _closed: dict[ChannelId, Problem | None] = field(default_factory=dict, init=False)
    """The problems last found with the channels of routes."""
    _diagnosed: dict[str, str] = field(default_factory=dict, init=False)
    """The reason that was found for PagerDuty's last refusal."""
    _looked: int = field(default=0, init=False)
    """Which of them is looked at next."""

    def problems(self) -> dict[str, str]:
        """
        Return a sentence for each check that failed, by its name, such as `slack`.

        A side that is away or refuses us is told once, and not again by each check that could not ask it.
        """
        untold = {what for what in self._unanswered if CAUSES.get(what) in self.found}
        return {what: why for what, why in self.found.items() if what not in untold}

    async def run(self) -> None:
        """Look at everything, each at its own pace. Ends only by being cancelled."""
        looks: dict[str, Look] = {
            "slack": self._slack,
            "pagerduty": self._pagerduty,
            "token": self.token,
            "default_channel": self._default_channel,
            "channels": self._channels,
            "teams": self._teams,
            "clock": self.clocks,
        }
        async with asyncio.TaskGroup() as group:
            for what, look in looks.items():
                group.create_task(self._watch(what, look))

    async def _watch(self, what: str, look: Look) -> None:
        """Look until cancelled; the start of the worker counts as the first look."""
        doubtful = False
        while True:
            await asyncio.sleep(min(AGAIN, self.durations.look) if doubtful else self.durations.look)
            found, clear = await self._answer(what, look)
            if found is not None and (clear or doubtful):
                self._note(what, found)
            doubtful = not clear and not doubtful

    async def _answer(self, what: str, look: Look) -> tuple[str | None, bool]:
        """Return what is wrong, None if that is not known, and whether the answer was clear."""
        try:
            found = await look()
        except (CallError, Malformed) as error:
            # A side that asks for patience is there; the limit has alerts of its own.
            if isinstance(error, Unavailable) and error.retry_after is not None:
                return None, True
            self._unanswered.add(what)
            return self.worded(what, error), isinstance(error, Refused)
        except Exception:
            # Nothing that a look does may end the worker.
            log.exception("look.failed", what=what, reference=reference())
            return None, True
        self._unanswered.discard(what)
        return found, True

    def _note(self, what: str, found: str) -> None:
        before = self.found.pop(what, "")
        if found:
            self.found[what] = found
        if found and not before:
            log.error("readiness.lost", what=what, why=found)
        elif before and not found:
            log.info("readiness.back", what=what)

    def worded(self, what: str, error: CallError | Malformed) -> str:
        """Return what a failed look at `what` means, and what to do."""
        match what, error:
            case "slack", Refused():
                return f"{credential_checks.bot_token(error)}. Nothing that people press can be carried out."
            case "teams", _:
                return (
                    f"PagerDuty's teams can't be read ({error}), so their incidents get no card: "
                    "allow the bridge's API key or app to read teams."
                )
            case "channels", _:
                return f"A route's channel can't be read ({error})."
            case "default_channel", _:
                return f"The default channel can't be read ({error})."
        return f"{'Slack' if what == 'slack' else 'PagerDuty'} can't be used ({error}). The bridge goes on trying."

    async def _slack(self) -> str:
        also = credential_checks.optional_scopes(self.config.current)
        lacking = credential_checks.scopes(await self.slack.auth_test(), also)
        return f"{lacking}." if lacking else ""

    async def _pagerduty(self) -> str:
        try:
            await self.pagerduty.try_to_read()
        except Refused as error:
            return await self._rejected(error)
        lacking = credential_checks.pagerduty_scopes(self.pagerduty.missing_scopes)
        return f"{lacking}." if lacking else ""

    async def token(self) -> str:
        """Report that PagerDuty refuses the next token: for hours after that the present one is still good."""
        refused = None if "pagerduty" in self.found else self.pagerduty.no_next_token
        return next_token_problem(await self._rejected(refused)) if refused else ""

    async def _rejected(self, error: Refused) -> str:
        """Return why PagerDuty refuses the credentials; it is asked further once, not at every look."""
        if str(error) not in self._diagnosed:
            self._diagnosed = {str(error): f"{await rejection(self.pagerduty, error)}."}
        return self._diagnosed[str(error)]

    async def _default_channel(self) -> str:
        default = self.config.current.routing.default_channel
        if not default:
            return ""
        wrong = await RouteChecks(self.slack, self.pagerduty).channel(ChannelId(default))
        return default_channel_problem(wrong) if wrong else ""

    async def _channels(self) -> str:
        """Look at the next channels of routes, and return what is wrong with any of them."""
        routing = self.config.current.routing
        named = dict.fromkeys(channel for route in routing.routes for channel in route.all_channels)
        channels = [ChannelId(channel) for channel in named if channel != routing.default_channel]
        following = [*channels[self._looked :], *channels[: self._looked]][:MOST_CHANNELS]
        self._looked = (self._looked + len(following)) % max(1, len(channels))
        checks = RouteChecks(self.slack, self.pagerduty)
        for channel in following:
            self._closed[channel] = await checks.channel(channel)
        return route_channels_problem([wrong for channel in channels if (wrong := self._closed.get(channel))])

    async def _teams(self) -> str:
        """Read again what could not be read for a card."""
        await self.visibility.private(tuple(self.visibility.unread))
        return ""

    async def clocks(self) -> str:
        """Compare this machine's clock, and Redis's, with Slack's."""
        return " ".join(self._skews())

    def _skews(self) -> Iterator[str]:
        right = self.slack.server_clock.now_ms()
        if right is None:
            return
        for whose, ms in (("This machine's", self.wall_clock() * SECOND), ("Redis's", self.clock.estimate_ms())):
            if abs(ms - right) > MOST_SKEW_MS:
                yield f"{whose} clock is {round((ms - right) / SECOND):+d} s off Slack's: let NTP set it."


def next_token_problem(why: str) -> str:
    """Return what it means when PagerDuty refuses to replace a token that still works."""
    return f"{why} The present token still works; once it ends, no click can be carried out."


def default_channel_problem(wrong: Problem) -> str:
    """Return what it means when cards can't be posted to the default channel."""
    return f"The default channel takes no cards: {wrong}."


def route_channels_problem(wrong: Sequence[Problem]) -> str:
    """Return what it means when cards can't be posted to the channels of routes; empty if they can."""
    more = [f"And {len(wrong) - MOST_NAMED} more."] if len(wrong) > MOST_NAMED else []
    return " ".join([*(f"A route's channel takes no cards: {one}." for one in wrong[:MOST_NAMED]), *more])
