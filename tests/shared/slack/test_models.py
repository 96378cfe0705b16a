"""Whatever Slack, or somebody in between, may answer."""

from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Malformed
from shared.slack.api import models
from shared.slack.render.blocks import message as message_with_key
from tests.shared.slack.calls import message, person

US = models.SlackIdentity("T0HOME", None, "U0BOT", "B0BOT", None, frozenset())

KEYS = st.sampled_from(
    ["user", "profile", "messages", "metadata", "error", "response_metadata", *message("1"), "view", "id", "blocks"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["B0BOT", "pagebridge"])
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(KEYS | st.text(), JSON, max_size=5)


@given(OBJECTS)
def test_any_answer_is_a_value_or_malformed(answer: dict[str, object]) -> None:
    """No answer whatever breaks a parser in another way than `Malformed`."""
    for parse in (
        models.parse_person,
        lambda one: models.parse_person({"user": {"id": "U1", "team_id": "T1", **one}}),
        lambda one: models.parse_identity(one, {}),
        lambda one: list(models.parse_own(one, US)),
        lambda one: list(models.parse_own({"messages": [{**message("1"), **one}]}, US)),
        models.parse_channel,
        lambda one: models.parse_channel({"channel": {"id": "C1", **one}}),
        lambda one: models.parse_view({"view": one}),
        models.parse_permalink,
        models.next_cursor,
    ):
        try:
            parse(answer)
        except Malformed:
            continue


@given(SCALARS | JSON)
def test_a_bad_optional_field_costs_nothing_else(value: object) -> None:
    """Of a person, a channel and a message of ours the rest is read, and what cannot be read counts as missing."""
    user = {"id": "U1", "team_id": "T1", "name": "alice"}
    optional = ("profile", "is_email_confirmed", "is_bot", "deleted", "is_restricted", "enterprise_id", "tz")
    for name in optional:
        assert models.parse_person({"user": {**user, name: value}}).id == "U1"
    for name in ("name", "is_archived", "is_member"):
        assert models.parse_channel({"channel": {"id": "C1", name: value}}).id == "C1"
    for name in ("metadata", "thread_ts", "text", "blocks", "subtype"):
        assert [own.ts for own in models.parse_own({"messages": [{**message("1"), name: value}]}, US)] == ["1"]


def test_a_name_is_the_one_that_others_see() -> None:
    """The display name comes first, where somebody chose one."""
    assert models.parse_person(person()).name == "Alice"
    assert models.parse_person(person(profile={"display_name": "", "real_name": "Alice Ng"})).name == "Alice Ng"


@given(JSON.filter(lambda value: not isinstance(value, bool)))
def test_a_mark_that_cannot_be_read_is_not_taken_for_a_no(value: object) -> None:
    """A person of another organisation, an app, a guest, a bot: whatever a mark may mean, nobody is let in by it."""
    told = dict.fromkeys(("is_restricted", "is_ultra_restricted", "is_bot", "deleted", "is_stranger"), False)
    for mark in (*told, "is_app_user"):
        one = models.parse_person({"user": {"id": "U1", "team_id": "T1", **told, mark: value}})
        assert one.guest == "unknown" or None in (one.is_bot, one.deleted)


@given(SCALARS | JSON)
def test_a_message_is_found_again_whatever_its_metadata(value: object) -> None:
    """Where they are missing, or not as we wrote them, the ids of its blocks name it: none is posted twice for that."""
    blocks = message_with_key("card:Q1", "Words", [{"type": "divider"}], {}).blocks
    payload = {"event_type": models.METADATA_TYPE, "event_payload": {"key": value}}
    for metadata in (value, payload, {**payload, "event_payload": value}, {"event_type": value}):
        spoilt = {**message("1"), "blocks": blocks, "metadata": metadata}
        if isinstance(value, str) and value and metadata is payload:
            continue
        assert ["card:Q1"] == [own.key for own in models.parse_own({"messages": [spoilt]}, US)]
