"""The documents that repeat what the code says: they say the same."""

import ast
import html
import json
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pagebridge.cli import main
from pagebridge.cli.settings import env_example, markdown, written_manifest
from shared.config.bridge_config import BridgeConfig
from shared.config.settings import Settings
from shared.diagnostics.credential_checks import OPTIONAL, SCOPES, optional_scopes
from tests.deploy.test_documents import part
from tests.pagebridge import reference_docs
from tests.pagebridge.action_docs import actions_table, commands_table

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT.parent / "shared/reference/slack/manifest.schema.2.0.0.json"


def manifest() -> dict[str, Any]:
    """Read the Slack app's manifest."""
    return dict(yaml.safe_load((ROOT / "manifest.yaml").read_text(encoding="utf-8")))


def test_env_example_is_generated() -> None:
    """`.env.example` is what `pagebridge settings --env-example` prints."""
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_example()


GENERATED: Mapping[tuple[str, str], Callable[[], str]] = {
    ("docs/settings.md", "settings"): markdown,
    ("docs/in-slack.md", "actions"): actions_table,
    ("docs/in-slack.md", "commands"): partial(commands_table, "/pd"),
    ("docs/runbook.md", "alerts"): reference_docs.alerts_table,
    ("docs/bridge-toml.md", "fields"): reference_docs.fields_table,
    ("docs/command-line.md", "command-line"): reference_docs.command_line,
    ("docs/events.md", "events"): reference_docs.events_table,
    ("docs/decisions/README.md", "decisions"): reference_docs.decisions_table,
}
"""The parts of documents that are generated, by their document and name."""


@pytest.mark.parametrize(("document", "name"), GENERATED, ids=[name for _, name in GENERATED])
def test_references_are_generated(pytestconfig: pytest.Config, document: str, name: str) -> None:
    """They say what settings, cards, calls, rules, the grammar, the command line and the decisions themselves say."""
    path, text = ROOT / document, GENERATED[document, name]().strip()
    if pytestconfig.getoption("--update-words"):
        head, begin, rest = path.read_text("utf-8").partition(f"<!-- {name}:begin -->\n")
        path.write_text(f"{head}{begin}{text}\n{rest[rest.index('<!--') :]}", "utf-8")
    assert part(document, name).strip() == text, "if this is meant, run `make words`"


def test_the_picture_of_the_design_is_that_of_its_diagram() -> None:
    """Whoever sees the picture reads every message of the diagram in it, in its order."""
    design = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    diagram = re.search(r"```mermaid\n(.+?)```", design, re.DOTALL)
    assert diagram
    said = re.findall(r"^ *[A-Z]-+[x>]+[A-Z]: (.+)$", diagram[1], re.MULTILINE)
    picture = (ROOT / "docs/life-of-an-incident.svg").read_text(encoding="utf-8")
    drawn = re.findall(r'<text [^>]*class="messageText"[^>]*>(?:<tspan[^>]*>)?(.*?)</t', picture)

    assert len(said) > 40
    assert said == [html.unescape(text) for text in drawn]


DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for folder in (".", "docs", "docs/decisions", "deploy")
    for path in (ROOT / folder).glob("*.md")
)
FOLDERS = "bolt_app|shared|webhook_receiver|pagebridge|pagebridge_sandbox|tests|docs|deploy|tools"
NAME = re.compile(r"[A-Za-z_][\w.]*(\(\))?")
FOREIGN = {"pdpyras", "COMPOSE_FILE", "message_replied", "single_connection_client", "compose.override.yaml"} | {
    f"OTEL_{name}" for name in ("EXPORTER_OTLP_CERTIFICATE", "TRACES_SAMPLER", "TRACES_SAMPLER_ARG")
}
"""Names of other people's code that documents speak of."""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_points_to_is_there(document: str) -> None:
    """Every file and folder that is named exists, and so does every page and heading that is linked."""
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(rf"`((?:{FOLDERS})/[\w./-]*)", text))
    links = re.findall(r"\]\(([\w./@-]*)(?:#([\w-]+))?\)", text)
    places = {(Path(document).parent / page).as_posix() if page else document: "" for page, _ in links}
    anchors = [((Path(document).parent / page if page else Path(document)), anchor) for page, anchor in links if anchor]

    assert [] == [place for place in sorted(named | places.keys()) if not (ROOT / place).exists()]
    assert [] == [f"{page}#{anchor}" for page, anchor in anchors if anchor not in headings(page)]


@cache
def headings(document: Path) -> frozenset[str]:
    """List the headings of a document as links name them."""
    found = re.findall(r"^#+ (.+)$", (ROOT / document).read_text("utf-8"), re.MULTILINE)
    return frozenset(re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-") for heading in found)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_names_is_in_the_code(document: str) -> None:
    """Every class, function, field, event, metric and setting that stands in backticks is found in the code."""
    text = re.sub(r"```.*?```", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.DOTALL)
    names = {name for name in re.findall(r"`([^`\n]+)`", text) if NAME.fullmatch(name)} - FOREIGN
    words = {name: re.findall(r"\w+", name.removesuffix("_total")) for name in names if not name.endswith("_")}

    assert [] == sorted(name for name, parts in words.items() if not vocabulary().issuperset(parts))


@cache
def vocabulary() -> frozenset[str]:
    """Collect every word of the code and of the names of its files."""
    kinds = (".py", ".lua", ".toml", ".yaml", ".acl", ".sh", ".example", "Makefile", "Dockerfile", "Procfile")
    folders = [ROOT / folder for folder in (*FOLDERS.split("|"), ".ci")]
    files = [*ROOT.glob("*"), *(path for folder in folders for path in folder.rglob("*"))]
    found = {word for path in files for word in re.findall(r"\w+", path.name)}
    for path in files:
        if path.is_file() and path.name.endswith(kinds):
            found.update(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    return frozenset(found)


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
def test_every_setting_is_explained(name: str) -> None:
    """Each setting stands in both documents, with a description."""
    assert re.search(rf"^# .+\n#?{name}=", env_example(), re.MULTILINE)
    assert re.search(rf"^\| `{name}` \| \w+ \| .+ \| \w.+ \|$", markdown(), re.MULTILINE)


@pytest.mark.parametrize(("option", "text"), [("--env-example", env_example()), ("--markdown", markdown())])
def test_the_command_prints_them(capsys: pytest.CaptureFixture[str], option: str, text: str) -> None:
    """`pagebridge settings` prints exactly the document."""
    assert main(["settings", option]) == 0
    assert capsys.readouterr().out == text


def test_the_manifest_is_the_one_that_is_installed() -> None:
    """`pagebridge manifest` prints it, with the command that it is told."""
    text = (ROOT / "manifest.yaml").read_text(encoding="utf-8")
    assert text == written_manifest("/pd")
    assert [{**manifest()["features"]["slash_commands"][0], "command": "/bridge"}] == yaml.safe_load(
        written_manifest("/bridge")
    )["features"]["slash_commands"]


def test_the_manifest_is_one_that_slack_takes() -> None:
    """The manifest is valid by Slack's own schema, also with everything switched on."""
    if not SCHEMA.exists():
        pytest.skip("the vendors' reference is not beside this checkout")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.validate(manifest(), schema)
    optional = {scope: why for _, scopes in OPTIONAL for scope, why in scopes.items()}
    jsonschema.validate(yaml.safe_load(written_manifest("/pd", "http", optional)), schema)


def test_the_manifest_asks_for_the_scopes_that_the_worker_needs() -> None:
    """An app made from the manifest passes the worker's check of scopes, and may do nothing more."""
    scopes = manifest()["oauth_config"]["scopes"]["bot"]
    assert set(scopes) == SCOPES
    assert len(scopes) == len(SCOPES)


def test_the_manifest_has_the_scopes_of_what_is_switched_on() -> None:
    """Those, each with its reason, and nothing else beside what every app has."""
    entry = {"tell": "C024", "schedules": ["PS01"]}
    for config, scopes in (
        ({"notify": {"enabled": True}}, {"im:write", "im:history"}),
        ({"timeline_canvas": True}, {"canvases:write"}),
        ({"oncall_groups": [{**entry, "group": "@oncall"}]}, {"usergroups:read", "usergroups:write"}),
        ({"oncall_groups": [{**entry, "channel": "C024"}]}, {"channels:write.topic", "groups:write.topic"}),
    ):
        more = optional_scopes(BridgeConfig.model_validate(config))
        text = written_manifest("/pd", "socket", more)
        assert SCOPES | scopes == set(yaml.safe_load(text)["oauth_config"]["scopes"]["bot"])
        assert all(f"- {scope}  # {why}\n" in text for scope, why in more.items())
    assert {} == optional_scopes(BridgeConfig())


def test_the_locks_agree() -> None:
    """Tests, traces, site and releases use what the bridge runs with, and agree: all fit in one place."""
    run, *others = (pins(ROOT / f"requirements{name}.txt") for name in ("", "-otel", "-dev", "-docs", "-release"))
    assert run
    for lock in others:
        assert run <= lock
    for one, other in combinations(others, 2):
        assert set(map(package, one)) & set(map(package, other)) == set(map(package, one & other))


def test_the_site_leads_to_every_page() -> None:
    """Its navigation has each document once; decisions stand below their index."""
    conf = ast.parse((ROOT / "docs/conf.py").read_text("utf-8"))
    navigation = next(ast.literal_eval(each.value) for each in conf.body if isinstance(each, ast.Assign))
    pages = [f"{page}.md" for part in navigation.values() for page in part]

    decisions = {document for document in DOCUMENTS if document.startswith("docs/decisions/0")}
    assert sorted(["README.md", *pages]) == sorted(set(DOCUMENTS) - decisions)


def package(pin: str) -> str:
    """Return the package of a pin."""
    return pin.partition("==")[0]


def pins(lock: Path) -> set[str]:
    """List the pinned versions of a lock."""
    return set(re.findall(r"^[\w.\[\],-]+==\S+", lock.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_procfile_starts_both_processes() -> None:
    """A platform that reads the Procfile runs the receiver as `web` and the worker as `worker`."""
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    assert lines == ["web: python -m webhook_receiver", "worker: python -m bolt_app"]
