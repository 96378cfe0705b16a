"""The documents about rights and deployment say what the code, the manifest and the files say."""

import json
import re
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest
import yaml

from pagebridge_sandbox.slack.manifests import Grants
from pagebridge_sandbox.slack.methods import METHODS
from shared.diagnostics import credential_checks
from shared.pagerduty.api.auth import SCOPES
from shared.store import keys
from tests.deploy.users import ROOT

SCHEMA = ROOT.parent / "shared/reference/slack/manifest.schema.2.0.0.json"
OPENAPI = ROOT.parent / "shared/reference/pagerduty/openapi_subset.json"
OURS = ("shared/slack", "bolt_app", "pagebridge/cli")
FAMILIES = "apps|auth|bookmarks|bots|canvases|chat|conversations|pins|usergroups|users|views"
METHOD = re.compile(rf'"((?:{FAMILIES})\.[a-zA-Z.]+)"')
NO_SCOPE = "none"
IN_WORDS = {"400 d": "400 days", "180 d": "180 days", "30 d": "30 days", "7 d": "7 days", "3 d": "3 days"}
IN_WORDS |= {"1 d": "a day", "1 h": "an hour", "30 m": "half an hour", "5 min": "five minutes"}
IN_WORDS |= {"minutes": "minutes", "64 MB": "64 MB"}
"""The times after which keys expire, as the table of keys and the page for people have them."""


def part(document: str, name: str) -> str:
    """Read the part of a document that has this name."""
    text = (ROOT / document).read_text(encoding="utf-8")
    _, _, rest = text.partition(f"<!-- {name}:begin -->\n")
    found, end, _ = rest.partition(f"<!-- {name}:end -->")
    assert end, f"{document} has no {name}:begin and {name}:end"
    return found


def rows(table: str) -> list[list[str]]:
    """Read the rows of a table, without its head."""
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.strip().splitlines()[2:]]


def quoted(text: str) -> list[str]:
    """List what stands in backquotes."""
    return re.findall(r"`([^`]+)`", text)


def slack_scopes() -> dict[str, tuple[str, list[str]]]:
    """Read the table of Slack's scopes: reason and methods of each."""
    return {(quoted(scope) or [scope])[0]: (why, quoted(methods)) for scope, why, methods in rows(table("slack"))}


def table(vendor: str) -> str:
    """Read a vendor's table of scopes."""
    return part("docs/security.md", f"{vendor}-scopes")


def manifest() -> dict[str, Any]:
    """Read the Slack app's manifest."""
    return dict(yaml.safe_load((ROOT / "manifest.yaml").read_text(encoding="utf-8")))


def test_every_slack_scope_has_its_reason() -> None:
    """The table has the scopes that manifest and worker ask for, each with a reason, and the optional ones."""
    documented = slack_scopes()
    more = {scope: why for _, scopes in credential_checks.OPTIONAL for scope, why in scopes.items()}
    assert set(manifest()["oauth_config"]["scopes"]["bot"]) == credential_checks.SCOPES
    assert documented.keys() - {NO_SCOPE} == credential_checks.SCOPES | more.keys()
    assert all(len(why.split()) > 2 for why, _ in documented.values())
    assert all(why in documented[scope][0] for scope, why in more.items())


def test_every_method_that_is_called_is_under_its_scope() -> None:
    """Each method of Slack's that the code names stands in the table, beside a scope that Slack wants for it."""
    called = {
        name
        for folder in OURS
        for path in (ROOT / folder).rglob("*.py")
        for name in METHOD.findall(path.read_text(encoding="utf-8"))
        if name in METHODS
    }
    documented = slack_scopes()
    assert {method for _, methods in documented.values() for method in methods} == called
    for scope, (_, methods) in documented.items():
        wanted = {method: set(METHODS[method].scopes) for method in methods}
        wrong = [method for method, scopes in wanted.items() if scopes and scope not in scopes]
        assert wrong == [], f"{wrong} under {scope}"
        assert scope != NO_SCOPE or not any(wanted.values())


def test_every_pagerduty_scope_has_its_reason() -> None:
    """The table has the scopes that the worker asks for, in its order and its words."""
    assert [(quoted(scope)[0], why) for scope, why in rows(table("pagerduty"))] == list(SCOPES.items())


def test_the_pagerduty_scopes_are_known_to_pagerduty() -> None:
    """Each scope is one that PagerDuty's own description asks for somewhere; what we have of it has no workflows."""
    if not OPENAPI.exists():
        pytest.skip("the vendors' reference is not beside this checkout")
    paths = json.loads(OPENAPI.read_text(encoding="utf-8"))["paths"]
    operations = [each for path in paths.values() for each in path.values() if isinstance(each, dict)]
    known = {operation.get("x-pd-requires-scope") for operation in operations}
    assert set(SCOPES) - known <= {"incident_workflows.read"}


def test_every_user_of_redis_is_explained() -> None:
    """The table has every user of the file."""
    users = re.findall(r"^user (\S+)", (ROOT / "deploy/redis-users.acl").read_text(encoding="utf-8"), re.MULTILINE)
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    assert [user for user in users if f"\n| `{user}` |" not in text] == []


def test_the_manifest_for_http_is_one_that_slack_takes() -> None:
    """With the lines of the document in it the manifest is still valid, and everything has an address."""
    changes = yaml.safe_load(part("docs/deployment.md", "manifest").replace("```yaml", "").replace("```", ""))
    changed = merged(manifest(), changes)

    assert not Grants.from_manifest(changed).socket_mode
    assert Grants.from_manifest(changed).scopes == Grants.from_manifest(manifest()).scopes
    assert {"url"} <= changed["features"]["slash_commands"][0].keys()
    if SCHEMA.exists():
        jsonschema.validate(changed, json.loads(SCHEMA.read_text(encoding="utf-8")))


def merged(old: Any, new: Any) -> Any:  # noqa: ANN401 - any part of a document
    """Put what is new into what there was; lists entry by entry."""
    if isinstance(old, dict) and isinstance(new, Mapping):
        return old | {key: merged(old.get(key), value) for key, value in new.items()}
    if isinstance(old, list) and isinstance(new, list):
        return [merged(*pair) for pair in zip(old, new, strict=True)]
    return new


def test_a_redis_password_is_changed_at_the_server_first() -> None:
    """Valkey reads new passwords as it starts, before the processes that use them, which it would refuse until then."""
    _, _, rest = (ROOT / "docs/tasks.md").read_text(encoding="utf-8").partition("## Change a Redis password")
    restarts = re.findall(r"^docker compose restart (.+)$", rest.partition("\n## ")[0], re.MULTILINE)
    assert ["valkey", "receiver worker"] == restarts


@pytest.mark.parametrize("document", ["docs/security.md", "docs/deployment.md", "deploy/README.md", "README.md"])
def test_every_file_that_is_named_is_there(document: str) -> None:
    """Links within the project lead somewhere."""
    path = ROOT / document
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_page_of_data_says_how_long_each_key_is_kept() -> None:
    """Each time after which a key expires stands in the table of what is stored, in words."""
    own = {"none", "seconds", "lease", "60 s"}
    kept = {row[2] for row in rows(str(keys.__doc__).partition("\n\n| key")[2]) if len(row) == 4}
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8").partition("## What is stored")[2]
    said = " ".join(row[-1] for row in rows(text.partition("\n\n|")[2].partition("\n\n")[0]))
    assert kept >= {"180 d", "400 d", "30 d"}
    assert [] == sorted(each for each in kept - own if IN_WORDS[each] not in said)


def test_an_incident_is_erased_with_every_key_of_it() -> None:
    """The command names each key in which there is something of an incident; the others hold ids and numbers."""
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    named = re.findall(r"for part in (.+); do", text)
    parts = re.findall(r"`pb:\{work\}:<incident>:(\w+)`", str(keys.__doc__))
    assert [sorted(parts)] == [sorted(each.split()) for each in named]
