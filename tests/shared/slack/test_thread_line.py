"""The lines of a thread: what people read about each kind of event."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagebridge_sandbox.slack.message_arguments import MAX_METADATA
from pagebridge_sandbox.slack.validation import check_blocks
from shared.model import event_types as of
from shared.model.event import Agent, Details, Instant, Source, joined_ids
from shared.model.event_types import ANNOUNCED_TYPES
from shared.model.ids import CommandId, EventId, LineKey
from shared.model.thread_layout import SUMMED, ThreadEntry, layout_thread
from shared.model.timeline import Line
from shared.slack.render import event_wording, thread_line
from shared.slack.render.blocks import Message
from tests.builders import ALICE, BOB, INCIDENT, NOON

MERGED = "https://acme.pagerduty.com/incidents/Q2TARGET"
UNTIL = NOON + 3_600_000


def line(event_type: str, agent: Agent | None = ALICE, *, after: int = 0, **said: str) -> Line:
    """Make a line."""
    return of_said(event_type, tuple(said.items()), agent, after=after)


def of_said(event_type: str, said: Details, agent: Agent | None = ALICE, *, after: int = 0) -> Line:
    """Make a line that says what no Python name can."""
    key, slots = LineKey(f"{event_type}@{after}"), ((Source.WEBHOOK, EventId("01")),)
    return Line(key, event_type, Instant(NOON + after), agent, slots, details=said)


def words(shown: Line, *sides: Line, before: Details = ()) -> str:
    """Read a line as people do, without its time."""
    head, _, rest = thread_line.render_line(INCIDENT, ThreadEntry(shown, sides, before)).text.partition(" · ")
    return head + "".join(f"\n{more}" for more in rest.splitlines()[1:])


WORDS = [
    (line(of.TRIGGERED, None), ":rotating_light: *Triggered* automatically"),
    (line(of.ACKNOWLEDGED), ":eyes: *Alice Ng acknowledged it* in PagerDuty"),
    (line(of.UNACKNOWLEDGED), ":rotating_light: *Alice Ng unacknowledged it* in PagerDuty"),
    (
        line(of.UNACKNOWLEDGED, None, assigned="Bob Ray"),
        ":rotating_light: *Acknowledgement timed out*. Nobody is working on it; it is assigned to Bob Ray",
    ),
    (line(of.RESOLVED), ":white_check_mark: *Alice Ng resolved it* in PagerDuty"),
    (
        line(of.RESOLVED, merged="#12", merged_url=MERGED),
        f":white_check_mark: *Alice Ng resolved it* in PagerDuty: merged into <{MERGED}|#12>",
    ),
    (line(of.RESOLVED, resolution="Restarted"), ":white_check_mark: *Alice Ng resolved it* in PagerDuty\n> Restarted"),
    (line(of.REOPENED), ":rotating_light: *Alice Ng reopened it* in PagerDuty"),
    (line(of.ESCALATED, None, assigned="Bob Ray"), ":rotating_light: *Escalated* to Bob Ray automatically"),
    (
        line(of.DELEGATED, policy="Database", assigned="Bob Ray"),
        ":arrow_right: *Alice Ng changed the escalation policy* in PagerDuty to Database; now assigned to Bob Ray",
    ),
    (line(of.REASSIGNED, assigned=""), ":arrow_right: *Alice Ng reassigned it* to no one in PagerDuty"),
    (
        line(of.PRIORITY_UPDATED, priority="P1"),
        ":triangular_flag_on_post: *Alice Ng changed the priority* to P1 in PagerDuty",
    ),
    (line(of.SERVICE_UPDATED, service="search"), ":arrow_right: *Alice Ng changed the service* to search in PagerDuty"),
    (
        line(of.INCIDENT_TYPE_CHANGED, type="major"),
        ":label: *Alice Ng changed the incident type* to major in PagerDuty",
    ),
    (line(of.ANNOTATED, text="Looking\n\nat it"), ":memo: *Alice Ng added a note* in PagerDuty\n> Looking\n> at it"),
    (
        line(of.RESPONDER_ADDED, responder="Bob Ray", state="pending", message="The disk"),
        ":raising_hand: *Alice Ng asked Bob Ray to help* in PagerDuty\n> The disk",
    ),
    (
        line(of.RESPONDER_REPLIED, BOB, responder="Bob Ray", state="joined", message="The disk"),
        ":raising_hand: *Bob Ray accepted the request for help*\n> The disk",
    ),
    (
        line(of.RESPONDER_REPLIED, BOB, responder="Bob Ray", state="declined"),
        ":raising_hand: *Bob Ray declined the request for help*",
    ),
    (
        line(of.RESPONDER_REPLIED, None, responder="Bob Ray", state="user_cancelled"),
        ":raising_hand: *The request to Bob Ray was cancelled*",
    ),
    (
        line(of.STATUS_UPDATE, text="Fixed soon", trimmed="yes"),
        ":mega: *Alice Ng published a status update* in PagerDuty\n> Fixed soon\nThe rest is in PagerDuty.",
    ),
    (
        line(of.CONFERENCE_BRIDGE, number="+1 555", url="https://example.com"),
        ":telephone_receiver: *Alice Ng changed the conference bridge* to +1 555, https://example.com in PagerDuty",
    ),
    (
        line(of.CONFERENCE_BRIDGE, number="", url=""),
        ":telephone_receiver: *Alice Ng changed the conference bridge* to none in PagerDuty",
    ),
    (
        of_said(
            of.CUSTOM_FIELDS, (("field:env", "prod"), ("field:region", ""), ("was:env", "test"), ("was:region", "US"))
        ),
        ":label: *Alice Ng changed fields* in PagerDuty: env from test to prod; region cleared (was US)",
    ),
    (
        of_said(of.ROLE_ASSIGNED, (("field:Commander", "Bob Ray"), ("was:Commander", ""))),
        ":busts_in_silhouette: *Alice Ng changed roles* in PagerDuty: Commander to Bob Ray",
    ),
    (
        line(of.TASK_CREATED, task="Tell sales", to="Bob Ray", state="todo"),
        ":clipboard: *Alice Ng created a task* in PagerDuty: Tell sales, for Bob Ray",
    ),
    (
        line(of.TASK_UPDATED, task="Tell sales", state="in_progress"),
        ":clipboard: *Alice Ng changed a task* in PagerDuty: Tell sales (in progress)",
    ),
    (
        line(of.TASK_COMPLETED, task="Tell sales", state="done"),
        ":clipboard: *Alice Ng completed a task* in PagerDuty: Tell sales",
    ),
    (
        line(of.ACTION_CREATED, action="Restart", state="created"),
        ":gear: *Alice Ng started an action* in PagerDuty: Restart",
    ),
    (
        line(of.ACTION_UPDATED, action="Restart", state="running"),
        ":gear: *Alice Ng changed an action* in PagerDuty: Restart (running)",
    ),
    (
        line(of.ACTION_TERMINATED, None, action="Restart", state="completed"),
        ":gear: *Action ended* automatically: Restart (completed)",
    ),
    (line(of.WORKFLOW_STARTED, None, workflow="Major"), ":gear: *Workflow started* automatically: Major"),
    (line(of.WORKFLOW_COMPLETED, None, workflow="Major"), ":gear: *Workflow completed* automatically: Major"),
    (line(of.SNOOZED, None), ":zzz: *Snoozed*"),
    (
        line(of.URGENCY_CHANGED, None, urgency="high", was="low"),
        ":triangular_flag_on_post: *Urgency changed* from low to high",
    ),
    (line(of.TITLE_CHANGED, None, title="Slow", was="Down"), ":pencil2: *Title changed* from Down to Slow"),
    (line(of.NOTE_EDITED, None, text="Looking"), ":memo: *Note edited*\n> Looking"),
]


@pytest.mark.parametrize(("shown", "expected"), WORDS, ids=[f"{shown.type}-{n}" for n, (shown, _) in enumerate(WORDS)])
def test_each_event_in_plain_words(shown: Line, expected: str) -> None:
    """Every kind of event says what happened, from what to what, who did it, and where."""
    assert expected == words(shown)


def test_every_announced_event_has_words() -> None:
    """No event that has a line is without words; each of them stands on the page `tests/words/thread_lines.md`."""
    assert set(event_wording.LINE) == ANNOUNCED_TYPES | {SUMMED}


def test_a_snooze_says_until_when() -> None:
    """The end of a snooze is shown in each reader's own time."""
    assert (
        f"snoozed it* until <!date^{UNTIL // 1000}^"
        in thread_line.render_line(INCIDENT, ThreadEntry(line(of.SNOOZED, until=str(UNTIL)))).text
    )


def test_a_command_was_given_in_slack() -> None:
    """What somebody did from Slack says so."""
    assert words(replace(line(of.ACKNOWLEDGED), command=CommandId("c1"))).endswith(
        "*Alice Ng acknowledged it* in Slack"
    )


@pytest.mark.parametrize(
    ("before", "expected"),
    [("P3", "from P3 to P1"), ("", "from none to P1"), ("P1", "priority* to P1")],
)
def test_from_what(before: str, expected: str) -> None:
    """What was so before is told where it is known, unless it was the same."""
    assert expected in words(line(of.PRIORITY_UPDATED, priority="P1"), before=(("priority", before),))


def test_what_only_a_read_shows_is_nobodys() -> None:
    """A comparison shows that a priority is another one, not who changed it: that PagerDuty did it would be a guess."""
    changed = line(of.PRIORITY_UPDATED, None, priority="P1")
    read = replace(changed, slots=((Source.READ, EventId("read:1")),))

    assert words(read).endswith("*Priority changed* to P1")
    assert words(replace(read, slots=(*read.slots, *changed.slots))).endswith("to P1 automatically")


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (Agent("PVE0ZR9"), "*Someone acknowledged it* in PagerDuty"),
        (Agent("PSVC001", kind="service_reference"), "*An integration acknowledged it*"),
    ],
)
def test_whom_pagerduty_does_not_name(agent: Agent, expected: str) -> None:
    """Nobody reads an id."""
    assert words(line(of.ACKNOWLEDGED, agent)).endswith(expected)


def test_from_which_conference_bridge() -> None:
    """Whoever is still on the old one reads that it is another."""
    shown = line(of.CONFERENCE_BRIDGE, number="+1 555", url="")

    assert "*Alice Ng changed the conference bridge* from +1 444, https://a.example.com to +1 555" in words(
        shown, before=(("number", "+1 444"), ("url", "https://a.example.com"))
    )


@pytest.mark.parametrize(("state", "what"), [("", "edited"), ("deleted", "deleted")])
def test_which_note(state: str, what: str) -> None:
    """Who edited or deleted it is not known; whose it was, and when it was written, is."""
    shown = line(of.NOTE_EDITED, None, state=state, author="Alice Ng", written=str(NOON))

    assert (
        f"*Note {what}* (written by Alice Ng, <!date^{NOON // 1000}^"
        in thread_line.render_line(INCIDENT, ThreadEntry(shown)).text
    )


def test_one_act_is_one_line() -> None:
    """The words of a main line take in what its sides tell."""
    note = line(of.ANNOTATED, after=300, text="Resolution Note: Restarted it")
    took = replace(line(of.REASSIGNED, after=200), detail=ALICE.id)
    bob, eve = (line(of.RESPONDER_ADDED, after=n, responder=name) for n, name in enumerate(["Bob Ray", "Eve Sun"]))

    assert words(line(of.RESOLVED), note) == ":white_check_mark: *Alice Ng resolved it* in PagerDuty\n> Restarted it"
    assert words(line(of.ACKNOWLEDGED), took).endswith("*Alice Ng acknowledged it* in PagerDuty, and is now assigned")
    assert "*Alice Ng asked Bob Ray and Eve Sun to help*" in words(bob, eve)


def test_a_resolution_is_quoted_once() -> None:
    """What was written about a resolve from Slack comes back as a note, and is not quoted twice."""
    note = line(of.ANNOTATED, text="Resolution Note: Restarted it")

    assert 1 == words(line(of.RESOLVED, resolution="Restarted it"), note).count("Restarted it")


def test_many_responders_are_counted() -> None:
    """Ten are named, the others counted."""
    asked = [line(of.RESPONDER_ADDED, after=n, responder=f"R{n}") for n in range(14)]

    assert "R8, R9 and 4 others to help" in words(*asked)


@pytest.mark.parametrize("text", ["word " * 1000, "line\n" * 100])
def test_a_long_note_is_cut_and_says_so(text: str) -> None:
    """Only the beginning of a long note is quoted, and people are told where the rest is."""
    message = thread_line.render_line(INCIDENT, ThreadEntry(line(of.ANNOTATED, text=text)))

    assert len(message.text) < 1500
    assert message.text.endswith("\nThe rest is in PagerDuty.")
    assert "The rest is in PagerDuty." == message.blocks[-1]["elements"][0]["text"]


def test_metadata_holds_ids_and_no_text() -> None:
    """Everybody in the workspace can read metadata; a lost message and what it told are found again by it."""
    note = replace(line(of.ANNOTATED, after=300, text="Resolution Note: secret"), subject="PNOTE01")
    resolved, alone = (
        thread_line.render_line(INCIDENT, ThreadEntry(line(of.RESOLVED), (note,))),
        thread_line.render_line(INCIDENT, ThreadEntry(note)),
    )

    assert [note.key] == resolved.metadata["event_payload"]["sides"]
    assert "PNOTE01" == alone.metadata["event_payload"]["subject"]
    assert "secret" not in json.dumps([resolved.metadata, alone.metadata])


def texts(message: Message) -> list[str]:
    """List what a message shows."""
    shown = [block["text"]["text"] if "text" in block else block["elements"][0]["text"] for block in message.blocks]
    return [message.text, *shown]


SAID = ["assigned", "priority", "service", "policy", "type", "title", "urgency", "was", "merged", "merged_url", "text"]
SAID += [
    "author",
    "responder",
    "state",
    "message",
    "resolution",
    "number",
    "url",
    "task",
    "to",
    "action",
    "workflow",
    "field:x",
    "was:x",
]


@given(
    st.sampled_from(sorted(ANNOUNCED_TYPES)),
    st.dictionaries(st.sampled_from(SAID), st.text() | st.text("<!>@|&;channel\n*`", max_size=3000)),
    st.text(),
)
def test_any_text_makes_a_valid_line(event_type: str, said: dict[str, str], name: str) -> None:
    """Whatever PagerDuty says, nothing raises, no limit is passed, and nobody is called by it."""
    shown = of_said(event_type, tuple(said.items()), Agent("PX", name))
    (telling,) = layout_thread((shown,))

    for text in texts(thread_line.render_line(INCIDENT, telling)):
        assert 0 < len(text) <= 3000
        assert "<!" not in text.replace("<!date^", "")
        assert not {"<@", "<#"} & {text[n : n + 2] for n in range(len(text))}


@pytest.mark.parametrize("event_type", sorted(ANNOUNCED_TYPES))
def test_nothing_without_end_keeps_a_line_from_its_thread(event_type: str) -> None:
    """A thousand assignees, fields and words, ids of any length: Slack takes the line, and its metadata."""
    endless, ids = "&" * 5000, [f"P{number:013}" for number in range(1100)]
    named = dict.fromkeys(("assigned", "policy", "type", "text", "responder", "task", "to", "state", "url"), endless)
    said = (*named.items(), *((f"field:{number}{endless}", endless) for number in range(300)))
    slots = tuple((source, EventId(f"{source}:" + "x" * 120)) for source in Source)
    sides = tuple(
        replace(line(of.RESPONDER_ADDED, after=after, responder=endless), key=LineKey(f"{after:0128}"))
        for after in range(100)
    )
    whole = replace(
        of_said(event_type, said, Agent("P" * 5000, endless)),
        detail=joined_ids(ids),
        subject="S" * 5000,
        slots=slots,
    )

    shown = thread_line.render_line(INCIDENT, ThreadEntry(whole, sides))

    assert [] == check_blocks(shown.blocks)
    assert MAX_METADATA >= len(str(shown.metadata))
