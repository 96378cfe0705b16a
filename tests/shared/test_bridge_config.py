"""`bridge.toml`: what it may say, and how everything wrong in it is said at once."""

import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError

from shared.config.bridge_config import BridgeConfig
from shared.config.bridge_file import load_bridge_config
from shared.config.errors import Misconfigured
from shared.model.actions import Action
from shared.model.card_content import CardContent
from shared.model.event import Snapshot
from shared.model.ids import ChannelId
from shared.model.permissions import Rule
from tests.builders import snapshot

GROUP = '[[oncall_groups]]\ntell = "C024"\n'
AUTHORIZATION = "[authorization]\n"
EXAMPLE = Path(__file__).parents[2] / "bridge.example.toml"
PACKAGED = Path(__file__).parents[2] / "pagebridge/cli/bridge.example.toml"
"""What is installed with the program, for those who have no checkout."""


def read(folder: Path, text: str) -> BridgeConfig:
    """Write a file and load it."""
    path = folder / "bridge.toml"
    path.write_text(text, encoding="utf-8")
    return load_bridge_config(path)


def problems(folder: Path, text: str) -> list[str]:
    """List what is wrong with a file."""
    with pytest.raises(Misconfigured) as caught:
        read(folder, text)
    assert str(folder / "bridge.toml") in str(caught.value)
    return list(caught.value.problems)


def test_the_example_loads() -> None:
    """The commented example is a good file and shows every table."""
    config = load_bridge_config(EXAMPLE)
    assert config.durability == "fsync"
    assert config.routing.default_channel == "C0INCIDENTS"
    assert [route.all_channels for route in config.routing.routes] == [("C0CHECKOUT",), ("C0PAYMENTS", "C0DUTY")]
    assert config.identity.users == {"U0CAROL": "PCAROL1"}
    assert config.authorization.mode == "team"


def test_without_a_file_the_defaults_hold_and_the_log_says_so(tmp_path: Path) -> None:
    """A missing file is no error: nothing is shown, and the log tells."""
    with structlog.testing.capture_logs() as lines:
        assert load_bridge_config(tmp_path / "none.toml") == BridgeConfig()
    assert [line["event"] for line in lines] == ["config.missing"]


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    """Every key is optional."""
    config = read(tmp_path, "")
    assert config.routing.default_channel is None
    assert config.authorization.everywhere == frozenset()
    assert config.identity.email_domains == ()


def test_a_route_may_be_quieter_or_louder_than_the_others(tmp_path: Path) -> None:
    """What a route does not say about its threads is what holds for all; by default nothing is broadcast."""
    config = read(tmp_path, '[[routing.routes]]\nchannel = "C024"\nverbosity = "all"\nbroadcast = []').routing

    assert ("changes", frozenset()) == (config.verbosity, config.broadcast)
    assert ("all", frozenset()) == (config.routes[0].verbosity, config.routes[0].broadcast)
    assert [None, "state"] == [route.verbosity for route in load_bridge_config(EXAMPLE).routing.routes]
    assert frozenset({"escalated", "reopened"}) == load_bridge_config(EXAMPLE).routing.routes[1].broadcast


def test_what_cards_show_is_chosen_for_the_readers_of_their_channel(tmp_path: Path) -> None:
    """Nothing unless chosen; a route may choose others, or none. A card that another route put goes by that one."""
    text = """[routing]
        default_channel = "C0ALL"
        card_fields = ["severity", { path = "details.pod.node", label = "Node" }]
        [[routing.routes]]
        urgency = "low"
        channel = "C0LOW"
        card_fields = []
        [[routing.routes]]
        priority = "P1"
        channel = "C0P1"
        card_fields = ["details.customer"]
        """
    routing, known = read(tmp_path, text).routing, snapshot()
    low, rest = replace(known, urgency="low"), replace(known, priority=None)

    def shown(incident: Snapshot, channel: str) -> list[str]:
        return [each.label for each in routing.route(incident).card_in(ChannelId(channel)).fields]

    assert CardContent() == read(tmp_path, "").routing.route(known).card_in(ChannelId("C0ALL"))
    assert ["severity", "Node"] == shown(rest, "C0ALL")
    assert ["customer"] == shown(known, "C0P1")
    assert [] == shown(low, "C0LOW")
    assert (["severity", "Node"], []) == (shown(known, "C0ALL"), shown(known, "C0LOW"))
    assert (["customer"], []) == (shown(rest, "C0P1"), shown(rest, "C0OTHER"))
    assert ("severity", "details.pod.node", "details.customer") == routing.alert_paths


def test_the_rule_of_an_action_is_its_own_or_that_of_the_mode(tmp_path: Path) -> None:
    """By the mode for all actions but notes, which go by the roles; whatever is named goes by what is said there."""
    by_team, by_roles = (
        read(tmp_path, "").authorization,
        read(tmp_path, AUTHORIZATION + 'mode = "pagerduty"').authorization,
    )
    named = read(tmp_path, AUTHORIZATION + 'actions = { note = "team", resolve = "members" }').authorization

    assert dict.fromkeys(Action, Rule.TEAM) | {Action.NOTE: Rule.LINKED} == by_team.rules
    assert dict.fromkeys(Action, Rule.LINKED) == by_roles.rules
    assert [Rule.TEAM, Rule.MEMBERS, Rule.TEAM] == [named.rules[Action(a)] for a in ("note", "resolve", "acknowledge")]


def test_the_example_explains_every_action_and_rule(pytestconfig: pytest.Config) -> None:
    """Who copies the example finds in it what can be said; `make words` writes the list of actions."""
    text = EXAMPLE.read_text("utf-8")
    listed = textwrap.fill(", ".join(Action), 120, initial_indent="#   ", subsequent_indent="#   ")
    if pytestconfig.getoption("--update-words"):
        before, head, rest = text.partition("The actions are\n")
        text = before + head + listed + "\n" + rest[rest.index("[authorization.actions]") :]
        for copy in (EXAMPLE, PACKAGED):
            copy.write_text(text, "utf-8")

    assert text == PACKAGED.read_text("utf-8")
    assert f"The actions are\n{listed}\n[authorization.actions]" in text, "if this is meant, run `make words`"
    assert [] == [rule for rule in Rule if f'#   "{rule}"' not in text]
    assert {Action.NOTE: Rule.LINKED} == load_bridge_config(EXAMPLE).authorization.actions


def test_a_loaded_file_cannot_be_changed(tmp_path: Path) -> None:
    """What is in force changes only as a whole, by loading again."""
    config = read(tmp_path, "")
    with pytest.raises(ValidationError):
        config.durability = "memory"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('durability = "disk"', "durability must be 'memory', 'fsync' or 'replica'"),
        ("durabilty = 1", "durabilty is not a known key"),
        ('[routing]\ndefault_channel = "#general"', "routing.default_channel must be a Slack channel id"),
        ('[routing]\ndefault_channel = "D024BE91L"', "routing.default_channel must be a Slack channel id"),
        ('[[routing.routes]]\nservice = "PX"', "routing.routes[1] needs one of channel, channels"),
        ('[[routing.routes]]\nchannel = "C024"\nchannels = ["C025"]', "routing.routes[1] needs one of"),
        ('[[routing.routes]]\nchannel = "C024"\nignore = true', "routing.routes[1] needs one of"),
        ("[[routing.routes]]\nignore = false", "routing.routes[1] needs one of"),
        ('[[reminders]]\nafter = "soon"', 'reminders[1].after must be a time such as "30m"'),
        (
            '[[reminders]]\nafter = "1h"\nunacknowledge_after = "1h"',
            "reminders[1] needs both unacknowledge_after and in_name_of, or neither",
        ),
        ('[incident_channels]\nname = "inc-{title}"', "incident_channels.name must have {number} or {id}, so that"),
        (
            '[incident_channels]\nname = "{numbr}"',
            "incident_channels.name names {numbr}, and",
        ),
        (
            '[incident_channels]\nname = "INC {number}"',
            "incident_channels.name must be at most 40 small letters",
        ),
        ('[incident_channels]\narchive_after = "soon"', 'incident_channels.archive_after must be a time such as "30m"'),
        ("[[incident_channels.automatic]]\nlevel = 1", "incident_channels.automatic[1].level"),
        ('[[handovers]]\nchannel = "C024"', "handovers[1].policy is not set (line 1)"),
        ('[[handovers]]\nchannel = "C024"\npolicy = "Payments"', "handovers[1].policy must be the id of"),
        ('[[handovers]]\nchannel = "C024"\npolicy = "PAB1"\n' * 2, "handovers name a channel twice"),
        ('[[oncall_groups]]\ngroup = "@oncall"\nschedules = ["PS01"]', "oncall_groups[1].tell is not set (line 1)"),
        (f'{GROUP}schedules = ["PS01"]', "oncall_groups[1] needs group or channel, or both"),
        (f'{GROUP}group = "@oncall"', "oncall_groups[1] needs schedules or policies, or both"),
        (f'{GROUP}group = "oncall"', "oncall_groups[1].group must be the handle of a user group such as @oncall"),
        (f'{GROUP}schedules = ["Weekend"]', "oncall_groups[1].schedules[1] must be the id of a schedule"),
        (f"{GROUP}levels = []", "oncall_groups[1].levels must be levels of an escalation policy, from 1 on"),
        (f"{GROUP}levels = [0]", "oncall_groups[1].levels must be levels of an escalation policy, from 1 on"),
        (f"{GROUP}levels = 1", "oncall_groups[1].levels must be a list, such as [1, 2]"),
        (
            f'{GROUP}topic = "{{people}} today"',
            "oncall_groups[1].topic must be words that don't begin with",
        ),
        (f'{GROUP}topic = "On call | {{people}}"', "oncall_groups[1].topic must be words that don't"),
        (f'{GROUP}group = "@oncall"\npolicies = ["PP01"]\n' * 2, "oncall_groups name a group twice"),
        (f'{GROUP}channel = "C025"\npolicies = ["PP01"]\n' * 2, "oncall_groups name a channel twice"),
        ('[[routing.routes]]\nchannels = ["C024", "C024"]', "routing.routes[1] names a channel twice"),
        ('[[routing.routes]]\nchannels = ["C024", "x"]', "routing.routes[1].channels[2] must be a Slack channel id"),
        ('[[routing.routes]]\nurgency = "hi"\nchannel = "C024"', "routing.routes[1].urgency must be 'high' or 'low'"),
        ('[routing]\nverbosity = "loud"', "routing.verbosity must be 'all', 'changes' or 'state'"),
        ('[routing]\nbroadcast = ["resolved"]', "routing.broadcast[1] must be 'escalated' or 'reopened' (line 2)"),
        ('[routing]\nbroadcast = "escalated"', 'routing.broadcast must be a list, such as ["escalated"] (line 2)'),
        (
            '[[routing.routes]]\nchannels = "C024"',
            'routing.routes[1].channels must be a list, such as ["C024BE91L"] (line 2)',
        ),
        ("[routing]\ndefault_channel = 1", "routing.default_channel must be a text, in quotes (line 2)"),
        ("routing = 3", "routing must be a table (line 1)"),
        ("[identity]\nusers = 3", "identity.users must be a table (line 2)"),
        ('[[routing.routes]]\nservice = " "\nchannel = "C024"', "routing.routes[1].service must be an id or a name"),
        ('[identity.users]\ncarol = "PCAROL1"', "identity.users.carol must be a Slack user id"),
        ('[identity.users]\nU0CAROL = "carol"', "identity.users.U0CAROL must be a PagerDuty user id"),
        ('[identity]\nemail_domains = ["@example.com"]', "identity.email_domains[1] must be a domain"),
        ('[authorization]\nmode = "all"', "authorization.mode must be 'team' or 'pagerduty'"),
        ('[authorization.actions]\nnote = "all"', "authorization.actions.note must be 'linked', 'team' or 'members'"),
        ('[authorization.actions]\nack = "team"', "authorization.actions.ack must be 'acknowledge', 'note', "),
        ('[authorization]\neverywhere = ["dana"]', "authorization.everywhere[1] must be a PagerDuty user id"),
        (
            '[routing]\ncard_fields = ["detials.region"]',
            "routing.card_fields[1].path must be severity, or a path such as details.region",
        ),
        ('[routing]\ncard_fields = ["details..x"]', "routing.card_fields[1].path must be severity, or a path such as"),
        ('[routing]\ncard_fields = ["details"]', "routing.card_fields[1].path must be severity, or a path such as"),
        (
            '[[routing.routes]]\nchannel = "C024"\ncard_fields = [{ path = "severity", lable = "x" }]',
            "routing.routes[1].card_fields[1].lable is not a known key (line 3); did you mean label?",
        ),
        *(
            (
                f'[routing]\ncard_links = [{{ label = "x", url = "{url}" }}]',
                "routing.card_links[1].url must be an https://",
            )
            for url in (
                "http://example.com",
                "javascript:alert(1)",
                "https://",
                "https://me:secret@example.com/",
                "https://example.com/a b",
                "https://example.com/|<!channel>",
                "https://example.com/}{",
                "https://example.com/\u00e9",
                "https://[example.com/",
                "https://example.com/" + "x" * 500,
            )
        ),
        (
            '[routing]\ncard_links = [{ label = "x", url = "https://{service}.example.com/" }]',
            "routing.card_links[1].url must have placeholders after the host only",
        ),
        (
            '[routing]\ncard_links = [{ label = "x", url = "https://example.com/{numbr}" }]',
            "routing.card_links[1].url names {numbr}, and a link can have {number}, {id}, {service}, {service_id}",
        ),
        ('[routing]\ncard_links = [{ url = "https://example.com/" }]', "routing.card_links[1].label is not set"),
        (
            f'[routing]\ncard_links = [{(chr(123) + """ label = "x", url = "https://example.com/" },""") * 6}]',
            "routing.card_links has 6 entries, and a card has room for 5",
        ),
        ("[routing]\ncard_fields = [1]", "routing.card_fields[1] must be a table"),
        ('[routing]\ncard_fields = "severity"', 'routing.card_fields must be a list, such as ["details.region"]'),
        (
            f"[routing]\ncard_fields = {[f'details.f{n}' for n in range(11)]}",
            "routing.card_fields has 11 entries, and a card has room for 10",
        ),
        (
            "\n".join(
                f"[[routing.routes]]\nchannel = 'C024'\ncard_fields = {[f'details.f{n}.{m}' for m in range(10)]}"
                for n in range(6)
            ),
            "routing chooses more than 50 different fields in all card_fields together",
        ),
        ("durability = ", "is not TOML: "),
        (f"durability = {'[' * 100_000}", "is nested too deeply to be read"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    """One mistake gives one line: the key as in the file, entries counted from one, and what is wrong."""
    (line,) = problems(tmp_path, text)
    assert line.startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[routing]\ndefault_chanel = "C1"', "is not a known key (line 2); did you mean default_channel?"),
        ('[[routing.routes]]\nchannel = "C024"\n\n[[routing.routes]]\nservce = "x"\nchannel = "C025"', "(line 5)"),
        ("durability = 1", "(line 1)"),
        ('[routing]\ncard_fields = [\n"detials.region"]', "details.region; did you mean details.region? (line 2)"),
        (
            '[routing]\ncard_links = [{ label = "x", url = "https://example.com/{servce}" }]',
            "did you mean {service}? (line 2)",
        ),
        (
            '[routing]\ncard_links = [{ label = "x", lable = "x", url = "https://x.example/" }]',
            "lable is not a known key (line 2); did you mean label?",
        ),
        ('[routing]\ncard_fields = ["region"]', "details.region; did you mean details.region? (line 2)"),
        ('[routing]\ncard_fields = ["sevrity"]', "details.region; did you mean severity? (line 2)"),
        ("[rooting]\n", "rooting is not a known key (line 1); did you mean routing?"),
        ("zzz = 1", "zzz is not a known key (line 1); `pagebridge settings --bridge-example` shows them all"),
        ('# \n[identity.users]\n"carol" = "PCAROL1"', "(line 3)"),
        ('[authorization]\nmode = "teams"', "must be 'team' or 'pagerduty' (line 2); did you mean team?"),
        ('[routing]\nbroadcast = ["escalate"]', "(line 2); did you mean escalated?"),
        ('[authorization.actions]\nacknowlege = "team"', "(line 2); did you mean acknowledge?"),
        ('[identity]\nadmins = "U024BE7LH"', 'must be a list, such as ["U024BE7LH"] (line 2)'),
    ],
)
def test_a_mistake_has_its_line_and_what_was_meant(tmp_path: Path, text: str, said: str) -> None:
    """Somebody with a long file finds the place, and the key that was mistyped."""
    assert said in problems(tmp_path, text)[0]


def test_mistakes_come_in_the_order_of_their_lines(tmp_path: Path) -> None:
    """Whoever mends them goes through the file once."""
    text = '[identity]\ncontact = ""\n[routing]\nx = 1\nverbosity = "loud"\ndefault_channel = "#a"\n'
    assert ["(line 2)", "(line 4)", "(line 5)", "(line 6)"] == [
        f"(line {line.partition('(line ')[2][0]})" for line in problems(tmp_path, text)
    ]


@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_what_editors_on_windows_write_is_read(tmp_path: Path, begin: bytes, end: bytes) -> None:
    """A byte-order mark and the line ends of Windows change nothing."""
    file = tmp_path / "bridge.toml"
    file.write_bytes(begin + end.join([b"[routing]", b'default_channel = "C024BE91L"', b""]))
    assert "C024BE91L" == load_bridge_config(file).routing.default_channel


def test_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    """An accent as Windows-1252 writes it is no riddle about bytes."""
    file = tmp_path / "bridge.toml"
    file.write_bytes(b'[routing]\ndefault_channel = "C024BE91L"\n# caf\xe9\n')
    with pytest.raises(Misconfigured, match=r"is not UTF-8 \(line 3\): save it with the encoding UTF-8"):
        load_bridge_config(file)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    """Somebody who mends what the message says is done after one round."""
    assert len(problems(tmp_path, 'x = 1\ndurability = "y"\n[authorization]\nmode = "z"\n')) == 3


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A directory in its place, or bytes that are no text, give the file's name and the reason."""
    with pytest.raises(Misconfigured, match="cannot be read"):
        load_bridge_config(tmp_path)
    (tmp_path / "bridge.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Misconfigured, match="is not UTF-8"):
        load_bridge_config(tmp_path / "bridge.toml")


def test_the_same_settings_have_the_same_fingerprint() -> None:
    """However they are written: what differs between workers is seen by it, and the order of a set is no difference."""
    priorities = [f"P{number}" for number in range(9)]
    routing = {"default_channel": "C0INCIDENTS", "digest_above": 5, "digest_priorities": priorities}
    users = {"U0ALICE": "PALICE1", "U0BOB": "PBOB1"}
    one = BridgeConfig.model_validate({"routing": routing, "identity": {"users": users}})
    same = BridgeConfig.model_validate(
        {
            "identity": {"users": dict(reversed(users.items()))},
            "routing": {**routing, "digest_priorities": priorities[::-1]},
        }
    )
    other = BridgeConfig.model_validate({"routing": {**routing, "digest_above": 6}, "identity": {"users": users}})

    assert one.fingerprint == same.fingerprint
    assert len({one.fingerprint, other.fingerprint, BridgeConfig().fingerprint}) == 3
    assert float(one.fingerprint) == one.fingerprint < 2**48
