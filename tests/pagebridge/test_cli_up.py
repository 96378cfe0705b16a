"""`pagebridge up`: what it checks first, and how its processes start, are started again and end together."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pagebridge.cli import FAILED, MISCONFIGURED, NO_SANDBOX, main
from pagebridge.local.process_supervisor import Patience, Process, Store, Supervisor
from shared.config.settings import Settings
from shared.errors import StoreDown
from shared.store.redis import Redis, connect
from tests.servers import lent_valkey

FOREVER = "import time; time.sleep(60)"
POLITE = (
    "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0));"
    "pathlib.Path('up').touch(); time.sleep(60)"
)


def python(program: str) -> list[str]:
    """Make the command that runs a small program."""
    return [sys.executable, "-S", "-c", program]


QUICK = Patience(first=0.01, most=0.02, settled=30.0, deaths=3, grace=10.0)


def process(program: str, name: str = "it") -> Process:
    """Make one process that runs a small program."""
    return Process(name, python(program), {})


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an empty directory without any setting."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def wait_for(file: Path) -> None:
    """Wait until a process has made `file`."""
    deadline = time.monotonic() + 10
    while not file.exists():
        assert time.monotonic() < deadline, f"{file.name} was never made"
        time.sleep(0.01)


async def appears(file: Path) -> None:
    """Wait until a process has made `file`, while others go on."""
    await asyncio.to_thread(wait_for, file)


async def test_what_dies_is_started_again(tmp_path: Path) -> None:
    """One that has died twice runs for the third time, and it is said each time how it ended and what comes next."""
    said: list[str] = []
    program = (
        "import os, pathlib, sys, time; lives = len(list(pathlib.Path().glob('life*')));"
        "pathlib.Path(f'life{lives}').touch(); lives == 0 and sys.exit(3); lives == 1 and os.kill(os.getpid(), 9);"
        "pathlib.Path('up').touch(); time.sleep(60)"
    )
    supervisor = Supervisor([process(program, "the worker")], QUICK, said.append)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(supervisor.run())
        await appears(tmp_path / "up")
        supervisor.stop()
    assert running.result() == 128 + signal.SIGTERM
    assert said == [
        "the worker exited with code 3; restarting in 0.01 s\n",
        "the worker was ended by SIGKILL; restarting in 0.02 s\n",
    ]


async def test_what_keeps_dying_is_given_up_and_everything_is_stopped() -> None:
    """After the last death nobody is left running; the code is that of whoever could not live."""
    said: list[str] = []
    begun = time.monotonic()
    supervisor = Supervisor([process(FOREVER), process("import sys; sys.exit(3)", "the worker")], QUICK, said.append)
    assert await supervisor.run() == 3
    assert time.monotonic() - begun < 10
    assert len(said) == QUICK.deaths
    assert "GIVING UP: the worker exited with code 3, 3 times in a row" in said[-1]


async def test_whoever_lived_long_enough_is_not_given_up(tmp_path: Path) -> None:
    """Only deaths in a row count: one that lives a while between them is started again for years."""
    program = (
        "import pathlib, sys, time; lives = len(list(pathlib.Path().glob('life*')));"
        "pathlib.Path(f'life{lives}').touch(); pathlib.Path('up').touch() if lives == 4 else sys.exit(3);"
        "time.sleep(60)"
    )
    supervisor = Supervisor([process(program)], replace(QUICK, settled=0.0, deaths=2))
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run())
        await appears(tmp_path / "up")
        supervisor.stop()


async def test_a_misconfigured_process_is_not_started_again(tmp_path: Path) -> None:
    """With code 2 it would end in the same way each time: everything is stopped at once, with that code."""
    said: list[str] = []
    program = "open('lives', 'a').write('x'); import sys; sys.exit(2)"
    assert await Supervisor([process(program, "the worker")], QUICK, said.append).run() == MISCONFIGURED
    assert (tmp_path / "lives").read_text() == "x"
    assert "its configuration is wrong" in said[0]


async def test_a_request_to_stop_ends_all_cleanly(tmp_path: Path) -> None:
    """Told to stop, all get SIGTERM, and if they end well so does the whole."""
    supervisor = Supervisor([process(POLITE)], QUICK)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(supervisor.run())
        await appears(tmp_path / "up")
        supervisor.stop()
    assert running.result() == 0


async def test_whoever_does_not_stop_is_killed(tmp_path: Path) -> None:
    """A process that ignores SIGTERM is killed after its grace, and that shows in the code."""
    stubborn = "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path('up').touch()"
    supervisor = Supervisor([process(stubborn + "; time.sleep(60)")], replace(QUICK, grace=0.05))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(supervisor.run())
        await appears(tmp_path / "up")
        supervisor.stop()
    assert running.result() == 128 + signal.SIGKILL


async def test_a_request_to_read_the_configuration_again_reaches_the_processes(tmp_path: Path) -> None:
    """SIGHUP is passed on, and ends nobody who knows it."""
    program = (
        "import pathlib, signal, sys, time; signal.signal(signal.SIGHUP, lambda *_: pathlib.Path('read').touch());"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); pathlib.Path('up').touch(); time.sleep(60)"
    )
    supervisor = Supervisor([process(program)], QUICK)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(supervisor.run())
        await appears(tmp_path / "up")
        supervisor.reload()
        await appears(tmp_path / "read")
        supervisor.stop()
    assert running.result() == 0


async def test_the_processes_get_the_address_of_the_store(tmp_path: Path) -> None:
    """What is handed over as environment is what they see."""
    program = (
        "import os, pathlib, time; pathlib.Path('new').write_text(os.environ['REDIS_URL']);"
        "os.rename('new', 'seen'); time.sleep(60)"
    )
    supervisor = Supervisor([Process("it", python(program), {"REDIS_URL": "unix:///x"})], QUICK)
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run())
        await appears(tmp_path / "seen")
        supervisor.stop()
    assert (tmp_path / "seen").read_text() == "unix:///x"


async def test_a_store_that_crashes_is_started_again_with_its_data(tmp_path: Path) -> None:
    """The processes go on; they find the Valkey at the same address, and in it what they had stored."""
    said: list[str] = []
    async with lent_valkey() as valkey:
        redis = connect(valkey.url)
        await redis.set("kept", "yes")
        await redis.execute_command("WAITAOF", 1, 0, 1000)
        supervisor = Supervisor([Store(valkey), process(POLITE)], QUICK, said.append)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(supervisor.run())
            await appears(tmp_path / "up")
            os.kill(valkey.pid, signal.SIGKILL)
            async with asyncio.timeout(10):
                while not said or not await answers(redis):  # noqa: ASYNC110 - another process decides
                    await asyncio.sleep(0.01)
            assert await redis.get("kept") == b"yes"
            supervisor.stop()
        await redis.aclose()
    assert running.result() == 0
    assert "the embedded Valkey was ended by SIGKILL; restarting in 0.01 s\n" in said


async def answers(redis: Redis) -> bool:
    """Tell whether the store can be used."""
    try:
        return bool(await redis.ping())
    except StoreDown:
        return False


def test_the_settings_of_both_processes_are_checked_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Before anything starts, all that is missing is named, REDIS_URL not being missed."""
    assert main(["up"]) == MISCONFIGURED
    said = capsys.readouterr().err
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "PAGERDUTY_API_TOKEN", "PAGERDUTY_WEBHOOK_SECRETS"):
        assert f"{name} is not set" in said
    assert said.startswith("The bridge is not set up yet: run `pagebridge init`")
    assert "REDIS_URL" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_address_of_redis_hides_no_other_mistake(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is wrong is named at once."""
    monkeypatch.setenv("REDIS_URL", "127.0.0.1:6379")
    assert main(["up"]) == MISCONFIGURED
    said = capsys.readouterr().err
    assert "REDIS_URL must start with redis://" in said
    assert "SLACK_BOT_TOKEN is not set" in said


def test_a_bad_bridge_toml_is_found_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A mistake in the file is named before anything starts."""
    settings = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "PAGERDUTY_API_TOKEN": "x"}
    for name, value in {**settings, "PAGERDUTY_WEBHOOK_SECRETS": "s"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "bridge.toml").write_text("[routing]\ndefault_chanel = 'C024'")
    assert main(["up"]) == MISCONFIGURED
    assert "routing.default_chanel is not a known key" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_can_complete_commands(
    shell: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed halfway, a command and its sub-commands are offered."""
    variables = {"COMP_WORDS": "pagebridge webh", "COMP_CWORD": "1"}
    if shell != "bash":
        variables = {"_TYPER_COMPLETE_ARGS": "pagebridge webh", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    for name, value in {"_PAGEBRIDGE_COMPLETE": f"complete_{shell}", **variables}.items():
        monkeypatch.setenv(name, value)

    main([])

    assert "webhook" in capsys.readouterr().out


def test_help_names_every_command() -> None:
    """`python -m pagebridge --help` shows what there is."""
    done = subprocess.run([sys.executable, "-m", "pagebridge", "--help"], capture_output=True, text=True, check=True)
    for command in ("demo", "settings", "up"):
        assert re.search(rf"^│ {command} +[A-Z]", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("arguments", [[], ["doctor"], ["webhook", "delete"], ["identities"]])
def test_a_flag_has_no_type(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """A flag takes no value, so that none is shown behind it, nor behind `--help`."""
    assert 0 == main([*arguments, "--help"])
    said = capsys.readouterr().out
    assert "--help" in said
    assert "bool" not in said


@pytest.mark.process
@pytest.mark.parametrize("command", ["demo", "play"])
def test_without_the_simulators(tmp_path: Path, command: str) -> None:
    """Where they are not installed, as in the image of the bridge, a command that needs them says so in a sentence."""
    (tmp_path / "pagebridge_sandbox.py").write_text("raise ModuleNotFoundError(name=__name__)\n")
    path = f"{tmp_path}{os.pathsep}{Path(__file__).parents[2]}"
    done = subprocess.run(  # noqa: S603 -- ours
        [sys.executable, "-m", "pagebridge", command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (FAILED, f"{NO_SANDBOX}\n") == (done.returncode, done.stderr)
