"""Why a click did nothing, and what to do: who is not linked, who may not, what is not possible, what came of it."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bolt_app.commands.retry import retry_command
from bolt_app.listeners import block_actions, view_submissions
from bolt_app.listeners.message_shortcuts import MessageShortcuts, note_text
from bolt_app.modals.context import ModalContext
from bolt_app.modals.dialog_check import Checked
from bolt_app.modals.opener import ModalOpener
from bolt_app.queries.incident_details import IncidentDetails
from bolt_app.visibility import Visibility
from bolt_app.write_path.actions.base import ActionContext, ActionResult
from bolt_app.write_path.actions.escalate import Escalate
from bolt_app.write_path.actions.merge import Merge
from bolt_app.write_path.actions.registry import HANDLERS
from bolt_app.write_path.actions.trigger import created
from bolt_app.write_path.actor_check import other_number
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from shared.access import identity
from shared.access.authorization import Authorization
from shared.access.identity import Identity
from shared.access.next_steps import completed
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.config.people_config import AuthorizationConfig, IdentityConfig
from shared.errors import BadCredentials, NotFound, Refused, StoreDown, Unavailable
from shared.model.actions import Action
from shared.model.command import ActionParams, Command, SlackActor
from shared.model.event import Instant, Ref, Snapshot
from shared.model.event_types import CHANNEL_OPENED, ESCALATED, Status
from shared.model.ids import ChannelId, CommandId, IncidentId, LineKey, SlackUserId, UserId
from shared.model.incident import Incident, fold
from shared.model.outcome import Declined, Kind, Outcome
from shared.model.timeline import Line
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import EscalationPolicy, Service, User
from shared.pagerduty.models.incident import PendingAction, RestIncident
from shared.slack.api.client import SlackIdentity, SlackPerson
from tests.bolt_app.test_message_shortcuts import used
from tests.bolt_app.test_retry import ASKED, parsed, parts, queue
from tests.builders import ALICE, BOB, INCIDENT, NOON, snapshot, webhook
from tests.words import slack_text
from tests.words.page import Page
from tests.words.slack_text import date

pytestmark = pytest.mark.process

HOME = SlackIdentity("T0ACME", None, "U0BOT", "B0BOT", "A0APP", frozenset())
BY = SlackActor(SlackUserId("U0ALICE"), "T0ACME")
PERSON = SlackPerson(BY.id, "Alice Ng", "alice@example.com", True, False, False, False, None, False, "T0ACME", None)
USER = User(UserId(ALICE.id), ALICE.name, "alice@example.com", "limited_user", kind="user")
CONFIG = IdentityConfig(contact="#sre-help")
NOW = RestIncident(
    INCIDENT,
    snapshot(Status.TRIGGERED, "Checkout is slow", BOB),
    Instant(NOON),
    None,
    (),
    "escalation_policy",
)
KNOWN = Incident(INCIDENT)


async def test_every_refusal_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """Each is a reason and a next step, which stand in the private replies."""
    page = Page(
        "refusals",
        "Reasons and next steps",
        "They stand in the private replies to clicks and commands. `bridge.toml` names #sre-help as the contact.",
    )
    await _add_identity(page)
    async with _acme() as acme:
        await _add_authorization(page, acme)
        _add_preconditions(page)
        await _add_escalations(page, acme)
    await _add_results(page)
    _add_retries(page)
    await _add_shortcut(page)
    await _add_unreadable(page)
    page.check(pytestconfig)


async def _add_identity(page: Page) -> None:
    page.chapter("Who is not linked")

    def eligible(**facts: object) -> str:
        person = replace(PERSON, **facts)  # type: ignore[arg-type]
        return _refused(lambda: identity.check_eligible(person, BY, HOME, in_table=False))

    page.case("A bot", eligible(is_bot=True))
    page.case("A deactivated account", eligible(deleted=True))
    page.case("A person of another workspace", eligible(external=True))
    page.case("A guest", eligible(guest="single"))
    page.case("Slack does not say whether it is one", eligible(guest="unknown"))

    def email(person: SlackPerson, *domains: str) -> str:
        return _refused(lambda: identity.confirmed_email(person, domains))

    page.case("A profile without an e-mail address", email(replace(PERSON, email=None)))
    page.case("An address that is not confirmed", email(replace(PERSON, email_confirmed=False)))
    page.case("Slack does not say whether it is", email(replace(PERSON, email_confirmed=None)))
    page.case("An address of a domain that is not accepted", email(PERSON, "example.org"))

    def user(**facts: object) -> str:
        changed = replace(USER, **facts)  # type: ignore[arg-type]
        return _refused(lambda: identity.check_active(changed))

    page.case("A PagerDuty account that is no person's", user(kind="bot_user"))
    page.case("A PagerDuty account that was deleted", user(deleted=True))
    page.case("No PagerDuty user has the address", _refused(lambda: identity.single_match((), USER.email)))
    page.case("Several have it", _refused(lambda: identity.single_match((USER, USER), USER.email)))
    page.case("The identity table names no one", _worded(identity.invalid_table_entry(USER.id)))
    page.case("Slack does not know the person", await _not_found(lambda people: people.link(BY)))
    page.case(
        "Slack does not know a person who was chosen", await _not_found(lambda people: people.pagerduty_user(BY.id))
    )
    guest = replace(PERSON, guest="single", name="Gina Low")
    page.case(
        "A person who was chosen is not linked", await _not_found(lambda people: people.pagerduty_user(BY.id), guest)
    )


async def _add_authorization(page: Page, acme: "Acme") -> None:
    page.chapter("Who may not")
    page.case("A person of another team", await acme.refused("PCAROL1"))
    page.case("The same, with a new incident", await acme.refused("PCAROL1", Action.TRIGGER))
    members = AuthorizationConfig.model_validate({"actions": {"resolve": "members"}})
    page.case(
        "A person who is only on call, where `members` is the rule",
        await acme.refused("PDAN1", Action.RESOLVE, members),
    )
    page.case("A stakeholder", await acme.refused("PSTELLA1"))
    stella = replace(USER, role="read_only_user")
    page.case(
        "A stakeholder who would open one",
        _refused(lambda: Authorization(AuthorizationConfig(), acme.pagerduty).require_role(stella, Action.TRIGGER)),
    )
    page.case("A stakeholder, and the incident has no team", await acme.refused("PSTELLA1", service=acme.teamless))
    page.case("A responder who only observes the team", await acme.refused("POSCAR1"))
    page.case("A person who does not see it in PagerDuty", *[await acme.hidden(thing) for thing in await acme.things()])
    unsaid = replace(acme.read, snapshot=replace(acme.read.snapshot, teams=None))
    refused = await acme.refused("PCAROL1", service=unsaid)
    page.case("PagerDuty does not say whose it is", await acme.hidden(unsaid), refused)
    gone = replace(acme.read, snapshot=replace(acme.read.snapshot, teams=(Ref("PGONE"),)))
    page.case("The bridge cannot read the team", await acme.hidden(gone, Refused("HTTP status 403", 2010, 403)))


def _add_preconditions(page: Page) -> None:
    page.chapter("What is not possible now")
    seen = ActionParams(expected_assignees=frozenset({UserId(ALICE.id)}))
    escalated = fold(KNOWN, webhook(ESCALATED, NOON, ALICE), NOON).incident
    page.case("The assignees are others than on the card", _checked(Action.ESCALATE, NOW, seen, escalated))
    page.case("PagerDuty gives the incident another number than the card", _sentence(other_number(_changed(number=38))))
    page.case("PagerDuty does not say the number", _sentence(other_number(_changed(number=None))))
    page.case("Escalate: low urgency", _checked(Action.ESCALATE, _changed(urgency="low")))
    page.case(
        "Escalate: assigned to a person", _checked(Action.ESCALATE, replace(NOW, assigned_via="direct_assignment"))
    )
    page.case("Snooze: not acknowledged", _checked(Action.SNOOZE, NOW))
    page.case("Still on it: not acknowledged", _checked(Action.STILL_ON_IT, NOW))


async def _add_escalations(page: Page, acme: "Acme") -> None:
    page.case("Escalate: without a policy", await _completed(acme, _changed(escalation_policy=None)))
    last = replace(acme.read.snapshot, assignees=(Ref("PDAN1", "Dan Ng"),))
    page.case("Escalate: at the last level", await _completed(acme, replace(acme.read, snapshot=last)))
    nobody = replace(acme.read.snapshot, assignees=(Ref("PZED", "Zed Ng"),))
    page.case("Escalate: the level is not known", await _completed(acme, replace(acme.read, snapshot=nobody)))


async def _add_results(page: Page) -> None:
    page.chapter("What came of it", "It stands after “You … incident #37.”")
    opened = replace(KNOWN, lines=(_opened_channel(),))
    asked = _context(Action.OPEN_CHANNEL, NOW), replace(_context(Action.OPEN_CHANNEL, NOW), known=opened)
    told = (HANDLERS[Action.OPEN_CHANNEL].outcome(each, ActionResult()) for each in asked)
    page.case("A channel: asked for, and there already", *map(_sentence, told))
    moved = replace(NOW, snapshot=replace(NOW.snapshot, assignees=(Ref(ALICE.id, ALICE.name),)))
    wakes = replace(NOW, pending=(PendingAction("unacknowledge", Instant(NOON)),))
    people = ActionParams(people=(Ref(ALICE.id, ALICE.name), Ref("PCAROL1", "Carol Wu")))
    level = ActionParams(level=2)
    page.case("Escalate", _result(Action.ESCALATE, moved, level))
    page.case("Escalate: no one else was paged", _result(Action.ESCALATE, NOW, level))
    page.case("Reassign", _result(Action.REASSIGN, moved))
    into = ActionParams(target=Ref("Q2TARGET", "#12"))
    page.case("Merge", _result(Action.MERGE, None, into))
    page.case("Merge: the other one is resolved", await _merged(into))
    page.case("Add responders", _result(Action.ADD_RESPONDERS, None, people))
    page.case("Add responders: what they read if nothing was written", await _asked())
    page.case("Snooze", _result(Action.SNOOZE, wakes))
    page.case("A new incident", _sentence(created(NOW)), _sentence(created(_changed(number=None))))
    page.case("Resolve, and it was reopened since", _result(Action.RESOLVE, None, at=Instant(NOON)))


def _opened_channel() -> Line:
    details = (("channel", "C0OWN"), ("name", "inc-37-checkout-is-slow"))
    return Line(LineKey("opened"), CHANNEL_OPENED, Instant(NOON), None, (), details=details)


def _add_retries(page: Page) -> None:
    page.chapter("Nothing to try again")
    again = parsed(CommandId("c0ffee"))
    page.case("The request is not stored any more", _refused(lambda: retry_command(queue(), again)))
    page.case("It is still being sent", _refused(lambda: retry_command(parts(None, None, None), again)))
    page.case("It is done", _refused(lambda: retry_command(parts(Kind.DONE, Kind.DONE, Kind.DONE), again)))
    page.case("Redis can't be reached", slack_text.seen(block_actions.STORE_DOWN))
    assert ASKED.parent_id == "c0ffee"


async def _add_shortcut(page: Page) -> None:
    page.chapter("The shortcut “Add as PagerDuty note”")
    page.case("The note", note_text("Bob Ray", "The pool is full.", "https://acme.slack.com/archives/C0/p1"))
    page.case("A message in no thread", await _shortcut(thread_ts=None))
    page.case("A message without a text", await _shortcut(text=" "))
    page.case("A thread below something else", await _shortcut())
    page.case("Slack can't be reached", await _shortcut(Unavailable("Slack cannot be reached")))
    page.case("Slack limits the bridge", await _shortcut(Unavailable("Slack limits x", limited=True)))
    page.case("Redis can't be reached", await _shortcut(StoreDown("x")))
    page.case("Slack or Redis is slow", await _shortcut(TimeoutError()))


async def _add_unreadable(page: Page) -> None:
    page.chapter("What the bridge does not understand, and dialogs that do not open")
    slack = Answers()
    door, nothing, ack = cast("Any", slack), cast("Any", None), cast("Any", slack.ack)
    await block_actions.BlockActions(nothing, door, nothing, nothing, nothing, nothing).act(ack, {})
    await MessageShortcuts(nothing, door, nothing, nothing).add_note(ack, {})
    await view_submissions.ViewSubmissions(nothing, door, nothing, nothing, nothing, nothing).handle(ack, {})
    page.case("A press", slack.said[0])
    page.case("A message shortcut", slack.said[1])
    page.case("A dialog that was sent", slack.said[2])
    for situation, error in (
        ("Slack's three seconds are over", Refused("Slack refused views.open", "expired_trigger_id")),
        ("Slack can't be reached", Unavailable("Slack cannot be reached for views.open: reset")),
        ("Slack revoked the bridge's token", BadCredentials("Slack refused views.open", "token_revoked")),
    ):
        opener = ModalOpener(
            cast("Any", Answers(error, slack.said)),
            nothing,
            checking(None),
            cast("Any", SimpleNamespace(estimate_ms=int)),
        )
        await opener.open(Action.NOTE, ABOUT, BY, "1.2", text="Rolled back")
        page.case(situation, slack.said[-1])
    opener = ModalOpener(
        door, nothing, checking(identity.no_match("eve@example.com")), cast("Any", SimpleNamespace(estimate_ms=int))
    )
    await opener.open(Action.NOTE, ABOUT, BY, "1.2", text="Rolled back")
    page.case("A person who is not linked", slack.said[-1])
    shown: list[str] = []

    async def open_and_load(*given: Any) -> None:  # noqa: ANN401 - as the opener takes it
        shown.append(slack_text.view(await given[4]()))

    async def missing(_: IncidentId, **__: object) -> None:
        raise NotFound("x")

    door = SimpleNamespace(incident=missing, alerts=missing, notes=missing, log_entries=missing)
    visibility = SimpleNamespace(identity=SimpleNamespace(contact="#sre-help"))
    details = IncidentDetails(
        cast("Any", door), cast("Any", visibility), cast("Any", SimpleNamespace(open_and_load=open_and_load))
    )
    await details.open(INCIDENT, ABOUT, BY, "1.2")
    page.case("Details of an incident that is not there", shown[0])


BRIDGE: Any = SimpleNamespace(identity=SimpleNamespace(contact="#sre-help"))


def checking(refusal: Declined | None) -> Any:  # noqa: ANN401 - as the opener takes it
    """Make what refuses everybody, or does not know in time."""

    async def check(*_: Any) -> Any:  # noqa: ANN401
        if refusal is None:
            return Checked(None)
        raise completed(refusal, CONFIG)

    return SimpleNamespace(check=check, actor_check=BRIDGE)


ABOUT = ModalContext(INCIDENT, ChannelId("C0"), None, "https://hooks.slack.com/x", "#37")


@dataclass
class Answers:
    """A Slack that opens no dialog because of `error`, and keeps what is said."""

    error: Exception | None = None
    said: list[str] = field(default_factory=list)

    async def ack(self, *_: object, errors: dict[str, str] | None = None, **__: object) -> None:
        """Keep what a dialog says."""
        self.said += map(_quoting, (errors or {}).values())

    async def respond(self, _: str, *, text: str, **__: object) -> None:
        """Keep a private answer."""
        self.said.append(_quoting(slack_text.seen(text)))

    async def open_view(self, *_: object) -> None:
        """Open nothing."""
        assert self.error is not None
        raise self.error


def _quoting(text: str) -> str:
    return re.sub(r"reference (`?)\w+", r"reference \1K7QM2XR4", text)


@dataclass
class Acme:
    """Carol is of another team, Dan only on the policy, Stella a stakeholder; the incident is assigned to Bob."""

    pagerduty: PagerDuty
    read: RestIncident
    service: str
    teamless: RestIncident

    async def refused(
        self,
        who: str,
        action: Action = Action.ACKNOWLEDGE,
        config: AuthorizationConfig | None = None,
        service: RestIncident | None = None,
    ) -> str:
        """Ask in vain for the incident, or for a new one."""
        user = await self.pagerduty.user(UserId(who))
        authorization = Authorization(config or AuthorizationConfig(), self.pagerduty)
        new = action is Action.TRIGGER
        with pytest.raises(Declined) as raised:
            await authorization.require(
                user, await self.pagerduty.service(self.service) if new else service or self.read, action
            )
        return _worded(raised.value)

    async def things(self) -> tuple[RestIncident, Service, EscalationPolicy]:
        """Read what a private team can hide."""
        [policy] = await self.pagerduty.escalation_policies("Payments")
        return self.read, await self.pagerduty.service(self.service), policy

    async def hidden(self, thing: RestIncident | Service | EscalationPolicy, team: Refused | None = None) -> str:
        """Ask in vain to change or use something, as a person who sees only what is their team's."""
        carol = replace(await self.pagerduty.user(UserId("PCAROL1")), role="restricted_access")
        identity = cast("Any", SimpleNamespace(contact="#sre-help"))

        async def refusing(_: object) -> None:
            raise team or AssertionError

        door = SimpleNamespace(team=refusing) if team else self.pagerduty
        visibility = Visibility(cast("Any", door), identity, None, LiveConfig(BridgeConfig()))
        with pytest.raises(Declined) as raised:
            await visibility.require(carol, thing)
        return _worded(raised.value)


@asynccontextmanager
async def _acme() -> AsyncIterator[Acme]:
    async with PagerDutySandbox() as sandbox:
        pagerduty = PagerDuty(sandbox.token, sandbox.url, timeout=20)
        roles = {"Bob": "user", "Carol": "user", "Dan": "user", "Oscar": "limited_user", "Stella": "read_only_user"}
        for name, role in roles.items():
            sandbox.add_user(f"{name} Ng", f"{name.lower()}@example.com", role=role, id=f"P{name.upper()}1")
        payments, search = sandbox.add_team("Payments"), sandbox.add_team("Search")
        sandbox.add_member(search.id, "PCAROL1", "responder")
        sandbox.add_member(payments.id, "POSCAR1", "observer")
        policy = sandbox.add_escalation_policy("Payments on-call", [["PBOB1"], ["PDAN1"]], teams=[payments])
        service = sandbox.add_service("checkout-api", policy.id, teams=[payments])
        other = sandbox.add_service("search", sandbox.add_escalation_policy("Other", [["PBOB1"]]).id)
        ids = [sandbox.trigger(each.id, "Checkout is slow", "high").id for each in (service, other)]
        read, teamless = [(await pagerduty.incident(IncidentId(each))).value for each in ids]
        yield Acme(pagerduty, read, service.id, teamless)
        await pagerduty.aclose()


async def _not_found(ask: Callable[[Identity], Any], person: SlackPerson | None = None) -> str:
    """Ask who a person is, whom Slack does not know unless it shows `person`."""

    async def shown(user: SlackUserId) -> SlackPerson:
        if person is None:
            raise NotFound(f"{user} is not there")
        return person

    slack = SimpleNamespace(person=shown)
    people = Identity(CONFIG, cast("Any", slack), cast("Any", None), cast("Any", None), HOME, cast("Any", None))
    with pytest.raises(Declined) as raised:
        await ask(people)
    return _worded(raised.value)


def _changed(**facts: object) -> RestIncident:
    shown: Snapshot = replace(NOW.snapshot, **facts)  # type: ignore[arg-type]
    return replace(NOW, snapshot=shown)


def _command(action: Action, params: ActionParams | None = None) -> Command:
    return Command(
        CommandId("c1"), action, INCIDENT, BY, ChannelId("C0"), None, "", "#37", params=params or ActionParams()
    )


def _checked(action: Action, now: RestIncident, params: ActionParams | None = None, known: Incident = KNOWN) -> str:
    outcome = HANDLERS[action].precondition(_command(action, params), now, known)
    assert outcome is not None
    return _sentence(outcome)


def _context(action: Action, now: RestIncident, params: ActionParams | None = None) -> ActionContext:
    return ActionContext(_command(action, params), USER, now, Instant(NOON), KNOWN)


async def _completed(acme: Acme, now: RestIncident) -> str:
    with pytest.raises(Declined) as raised:
        await Escalate().completed(acme.pagerduty, _context(Action.ESCALATE, now))
    return _worded(raised.value)


def _result(
    action: Action, after: RestIncident | None, params: ActionParams | None = None, at: Instant | None = None
) -> str:
    outcome = HANDLERS[action].outcome(_context(action, NOW, params), ActionResult(after, at=at))
    return outcome.why + (f" {date(outcome.at_ms)}." if outcome.at_ms else "")


async def _merged(into: ActionParams) -> str:
    """Merge into an incident that is resolved."""

    async def incident(_: object) -> Any:  # noqa: ANN401 - as the door answers
        return SimpleNamespace(value=_changed(status=Status.RESOLVED))

    door = cast("PagerDuty", SimpleNamespace(incident=incident))
    with pytest.raises(Declined) as raised:
        await Merge().completed(door, _context(Action.MERGE, NOW, into))
    return _worded(raised.value)


async def _asked() -> str:
    """Ask for help without a message, and return what PagerDuty is to send."""
    said: list[str] = []

    async def request_responders(*given: Any) -> None:  # noqa: ANN401 - as the door takes it
        said.append(given[2])

    door = cast("PagerDuty", SimpleNamespace(request_responders=request_responders))
    await HANDLERS[Action.ADD_RESPONDERS].send(door, _context(Action.ADD_RESPONDERS, NOW))
    return said[0]


async def _shortcut(error: Exception | None = None, **message: object) -> str:
    async def own_parent(channel: ChannelId, thread: str) -> None:
        del channel, thread
        if error:
            raise error

    async def nothing(*_: object) -> str:
        return ""

    slack: Any = SimpleNamespace(own_parent=own_parent, permalink=nothing, person=nothing)
    closed: Any = None
    with pytest.raises(Declined) as raised:
        await MessageShortcuts(closed, slack, BRIDGE.identity, closed).command(used(**message))
    return _worded(raised.value)


def _refused(act: Callable[[], object]) -> str:
    with pytest.raises(Declined) as raised:
        act()
    return _worded(raised.value)


def _worded(declined: Declined) -> str:
    return _sentence(completed(declined, CONFIG).outcome)


def _sentence(outcome: Outcome) -> str:
    return f"{outcome.why} {outcome.next_step}{'.' if outcome.next_step else ''}".strip()
