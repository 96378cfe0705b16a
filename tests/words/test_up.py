"""What `pagebridge up` says: when it starts, when a process dies, and when it gives up."""

import signal
from pathlib import Path

import pytest

from pagebridge.cli.up import NOT_SET_UP, READY, _greeting
from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge.local.process_supervisor import MISCONFIGURED, Patience, Process, Store, Supervisor
from shared.config.settings import Settings, load
from tests.shared.test_settings import Environ, environ  # noqa: F401 - a fixture
from tests.words.page import Page

QUICK = Patience(first=0.01, most=0.02, deaths=3)


class Dying(Process):
    """A process that ends in these ways, one after the other."""

    def __init__(self, name: str, codes: list[int]) -> None:
        super().__init__(name, (), {})
        self._codes = codes

    async def start(self) -> None:
        """Start."""

    async def wait(self) -> int:
        """End."""
        return self._codes.pop(0)


async def test_what_up_says_can_be_read_in_one_file(
    pytestconfig: pytest.Config,
    environ: Environ,  # noqa: F811 - the fixture
) -> None:
    """The greeting with and without a Redis of one's own, and every end of a process."""
    environ()
    page = Page("command_line_up", "Running the bridge", "What `pagebridge up` says.")
    page.chapter("At the start")
    page.terminal("With the embedded Valkey", _greeting(load(Settings), Path("/srv/bridge/.pagebridge/valkey")))
    page.terminal("With REDIS_URL", _greeting(load(Settings, receiver_host="10.0.0.7"), None))
    page.terminal("With settings missing, before their names", NOT_SET_UP.strip())
    page.terminal("On a terminal, once both processes are ready", READY.format(command="/pd"))
    page.chapter("Later")
    page.terminal("The worker keeps dying", await _said(Dying("the worker", [3, -signal.SIGKILL, 1])))
    page.terminal("The receiver is misconfigured", await _said(Dying("the receiver", [MISCONFIGURED])))
    page.terminal("The embedded Valkey dies", await _said(Dying(Store(EmbeddedValkey(Path("x"))).name, [1, 1, 1])))
    page.check(pytestconfig)


async def _said(part: Process) -> str:
    said: list[str] = []
    await Supervisor([part], QUICK, said.append).run()
    return "".join(said)
