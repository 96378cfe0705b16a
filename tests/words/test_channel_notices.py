"""What a channel is told besides cards and threads: late cards and updates, and what follows who is on call."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bolt_app.digest.render import MOST_ROWS, render, render_over
from bolt_app.oncall_groups import words
from bolt_app.open_incidents import OpenIncident
from bolt_app.read_path.channel_sync import CardDelays
from bolt_app.read_path.reconcile_pass import ReconcilePass
from bolt_app.resync.outage_notice import render_outage_notice
from shared.config.oncall_config import OncallGroupConfig
from shared.errors import Refused, Unavailable
from shared.model.digest import DigestEntry, open_first
from shared.model.event import Ref
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId
from shared.model.incident import Incident
from shared.model.message_state import MessageState
from shared.model.oncall_state import Cause
from shared.model.resync_state import Gap
from shared.model.slack_state import SlackState
from shared.pagerduty.models.account import EscalationPolicy
from shared.slack.api.errors import error_from
from shared.store.channel_index import Delay
from tests.builders import INCIDENT, NOON, snapshot
from tests.words import slack_text
from tests.words.page import Page

CHANNEL = ChannelId("C0INCIDENTS")
GROUP_CODES = ("missing_scope", "permission_denied", "plan_upgrade_required", "subteam_max_users_exceeded")
TOPIC_CODES = ("missing_scope", "not_in_channel", "user_is_restricted")


async def test_every_notice_in_a_channel_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """Each kind of notice, for one incident and for many."""
    page = Page("channel_notices", "Notices in a channel", "Everyone in the channel reads these.")
    page.chapter("PagerDuty's updates did not come for a while")
    known = [replace(snapshot(), number=number) for number in range(37, 50)]
    whole, part = Gap(NOON, NOON + 1_800_000), Gap(NOON, NOON + 1_800_000, partial=True)
    page.case("One incident was late", _outage(whole, 1, known))
    page.case("Many were", _outage(whole, 13, known))
    page.case("Only some updates did not come", _outage(part, 2, known))
    page.chapter("Slack's rate limits hold the cards up")
    page.case("One card is late", await _delayed(Delay("begin", 1, 45)))
    page.case("Many are", await _delayed(Delay("begin", 14, 600)))
    page.case("None is any more", await _delayed(Delay("end", 0, 0)))
    page.chapter("Many incidents at once share a digest card")
    page.case("One does", _digest("triggered"))
    page.case("Many do", _digest("triggered", *["acknowledged"] * 16, "resolved"))
    page.case("None is open", _digest("resolved", "resolved"))
    page.case("The storm is over", *map(_over, OVER))
    _add_oncall(page)
    page.check(pytestconfig)


def _add_oncall(page: Page) -> None:
    """Add why a user group or topic does not follow who is on call, and what was put right."""
    page.chapter("A user group or a topic follows who is on call", "In the channel that the entry names with `tell`.")
    both = {"group": "@oncall", "channel": "C0PAYMENTS", "tell": "C0DUTY"}
    entry = OncallGroupConfig.model_validate({**both, "schedules": ["PSCHED1"], "policies": ["PPAYMENTS"]})
    dan, topic, alice = Ref("PDAN001", "Dan Ek"), "The topic of <#C0PAYMENTS>", "On call: Alice Ng"
    policy = EscalationPolicy("PPAYMENTS", "Payments on-call")
    for situation, cause in (
        ("No one is on call", words.no_one(entry)),
        ("There is no such policy", words.no_policy("PPAYMENTS")),
        ("It has no such level", words.no_level(policy, 3)),
        ("There is no such schedule", words.no_schedule("PSCHED1")),
        ("A person isn't linked", words.unlinked(dan, "@oncall")),
        ("A person is a guest", words.guest(dan, "@oncall")),
        ("None can be in it", words.no_member("@oncall")),
        ("There is no such group", words.no_group("@oncall")),
        ("It is disabled", words.disabled("@oncall")),
        ("Two entries name one group", words.same_group("S0614TZR7", "@oncall")),
        ("The topic is full", words.no_room(topic)),
        ("Slack or PagerDuty can't be asked", words.unreached(Unavailable("Slack limits usergroups.list"))),
        *((f"Slack refuses the group: {code}", words.refused("@oncall", refusal(code))) for code in GROUP_CODES),
        *((f"Slack refuses the topic: {code}", words.refused(topic, refusal(code))) for code in TOPIC_CODES),
    ):
        page.case(situation, _told(words.with_reference(cause, "WN2X3EPY")))
    for situation, cause in (
        ("It is followed from now on", words.put_right("@oncall", ["Alice Ng"], ["Zed Ek"], first=True)),
        ("It was changed by hand", words.put_right("@oncall", ["Alice Ng"], ["Zed Ek", "Dan Ek"], first=False)),
        ("The topic named others", words.topic_put_right(topic, alice, "On call: ask Bob", first=True)),
        ("The topic was changed by hand", words.topic_put_right(topic, alice, "On call: me", first=False)),
        ("It was taken out of the topic by hand", words.topic_put_right(topic, alice, "", first=False)),
    ):
        page.case(situation, _told(cause))


def refusal(code: str) -> Refused:
    """Make Slack's refusal with a code."""
    return error_from("usergroups.users.update", 200, {}, {"ok": False, "error": code})  # type: ignore[return-value] # it is one


def _told(cause: Cause) -> str:
    return slack_text.blocks(words.notice_message("oncall:S0:x", cause.words).blocks)


OVER: tuple[list[str], ...] = (
    ["resolved"],
    ["resolved"] * 2,
    ["triggered"],
    ["triggered"] * 2,
    ["triggered", "resolved"],
    ["triggered", "acknowledged", "resolved", "resolved"],
)


def _entries(*stand: str) -> dict[IncidentId, DigestEntry]:
    return {IncidentId(f"Q{n}"): DigestEntry(NOON, Status(status), NOON + n) for n, status in enumerate(stand)}


def _digest(*stand: str) -> str:
    entries = _entries(*stand)
    shown = [
        OpenIncident(one, replace(snapshot(entries[one].status), number=37 + n))
        for n, one in enumerate(open_first(entries))
    ]
    return slack_text.blocks(render(CHANNEL, NOON, entries, shown[:MOST_ROWS]).blocks)


def _over(stand: list[str]) -> str:
    return slack_text.blocks(render_over(CHANNEL, NOON, _entries(*stand)).blocks)


def _outage(gap: Gap, count: int, known: list[Any]) -> str:
    return slack_text.blocks(render_outage_notice(CHANNEL, gap, known[:count]).blocks)


async def _delayed(delay: Delay) -> str:
    """Let the store count late cards, and return what the channel is told."""
    said: list[str] = []

    async def announce(channel: ChannelId, *, text: str, metadata: object) -> None:
        del channel, metadata
        said.append(text)

    async def now_ms() -> int:
        return NOON

    async def record(*_: object) -> Delay:
        return delay

    doors = (SimpleNamespace(announce=announce), SimpleNamespace(now_ms=now_ms), SimpleNamespace(record=record))
    late = SlackState(INCIDENT, late=frozenset({CHANNEL}))
    this = SimpleNamespace(incident=Incident(INCIDENT), as_of_ms=NOON, slack_state=late, card=lambda _: MessageState())
    await CardDelays(*cast("Any", doors)).card_delayed(cast("ReconcilePass", this), CHANNEL)
    return slack_text.seen(said[0])
