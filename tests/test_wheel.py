"""The wheel, as people install it: outside of a checkout everything that the commands refer to is there."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pagebridge_sandbox.loopback import without_proxies
from tests.pagebridge_sandbox.demo.looks import check_looks, check_width

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "--version": "pagebridge 0.",
    "manifest": "socket_mode_enabled: true",
    "settings --bridge-example": "[routing]",
    "settings": "SLACK_BOT_TOKEN=",
    "init --help": "bridge.toml",
    "doctor --help": "--post",
}
"""Commands, and what each prints."""
PRINTED = """
import contextlib, io, json, sys
import pagebridge
from pagebridge.cli import main
printed = {}
for command in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = main(command.split())
    printed[command] = f"exit code {code}" if code else out.getvalue()
print(json.dumps([pagebridge.__file__, printed]))
"""
"""Carries out each command of its arguments, and prints as JSON where it was installed and what each has printed."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    files = run(ROOT, "git", "ls-files", "-z").stdout.split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    run(source, sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder))
    [wheel] = folder.glob("*.whl")
    target = folder / "installed"
    run(folder, sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--target", str(target), str(wheel))
    return target


def run(directory: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command, which ends well."""
    done = subprocess.run(  # noqa: S603 -- ours
        command,
        cwd=directory,
        env=without_proxies(os.environ) | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done


def seen_alone(installed: Path) -> dict[str, str]:
    """Return the environment in which the packages of the wheel hide those of the checkout."""
    return {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}


@pytest.fixture(scope="module")
def printed(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Carry out all commands in one process, which imports once what they share; return what each has printed."""
    empty = tmp_path_factory.mktemp("empty")
    done = run(empty, sys.executable, "-c", PRINTED, *COMMANDS, **seen_alone(installed))
    where, printed = json.loads(done.stdout)
    assert where.startswith(str(installed))
    assert isinstance(printed, dict)
    return printed


@pytest.mark.process
@pytest.mark.timeout(180)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works_from_the_wheel(printed: Mapping[str, str], command: str) -> None:
    """In an empty folder, with nothing of the checkout in sight."""
    assert COMMANDS[command] in printed[command]


@pytest.mark.process
@pytest.mark.timeout(180)
def test_the_demo_succeeds_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """As people run it, to its end: by default it shows what people see and no hops."""
    program = str(installed / "bin/pagebridge")
    played = run(tmp_path, sys.executable, program, "demo", **seen_alone(installed), COLUMNS="80")

    assert "" == played.stderr
    check_width(played.stdout, 80)
    check_looks(played.stdout)


@pytest.mark.process
@pytest.mark.timeout(180)
def test_the_page_of_play_is_in_the_wheel(installed: Path) -> None:
    """Every file of the page, in whatever folder, is served from an installation as from a checkout."""
    page = "pagebridge_sandbox/play/page"
    files = run(ROOT, "git", "ls-files", "-z", page).stdout.rstrip("\0").split("\0")

    assert f"{page}/index.html" in files
    assert [] == [name for name in files if not (installed / name).is_file()]
