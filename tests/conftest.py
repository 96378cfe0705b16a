"""What holds for all tests."""

import asyncio
import gc
import os
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from shared.importing import importing

with importing():
    import hypothesis
    import pytest
    import structlog
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

# How long an example takes says how busy the machine is, and nothing about the code. CI tries the same examples each
# time, so that it fails for what was changed; on a developer's machine they are others each time, as in `make prove`,
# which tries many.
hypothesis.settings.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
    max_examples=50,
)
hypothesis.settings.register_profile(
    "thorough", hypothesis.settings.get_profile("untimed"), derandomize=False, max_examples=1000
)
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make words` write the pages of words anew."""
    parser.addoption("--update-words", action="store_true", help="write tests/words/*.md as the product words it now")


def pytest_configure(config: pytest.Config) -> None:
    """
    Let each worker of a whole run collect the modules from another one on.

    In a fresh checkout each so compiles a part of them, and finds the others compiled when it comes to them.
    """
    worker = getattr(config, "workerinput", None)
    if worker and config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        modules = sorted(str(path) for path in Path(__file__).parent.rglob("test_*.py"))
        first = len(modules) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
        config.args = modules[first:] + modules[:first]


GARBAGE = 10_000
"""New objects after which garbage is looked for. After 700, as Python has it, it takes a twentieth of the processor."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Import all tests without looking for garbage again and again: what they define stays until the end."""
    gc.set_threshold(GARBAGE)
    with importing():
        return (yield)


@pytest.fixture(autouse=True)
def structlog_is_as_it_was() -> Iterator[None]:
    """Forget how a program that ran in this process has configured its log: another test would miss its lines."""
    yield
    structlog.reset_defaults()


def pytest_sessionfinish() -> None:
    """End the servers that tests have shared. Where none has asked for one, what starts them was not even imported."""
    if servers := sys.modules.get("tests.servers"):
        asyncio.run(servers.end_lent_valkeys())


PROCESS_FOLDERS = ("bench", "deploy", "pagebridge", "pagebridge_sandbox", "proof", "stories", "webhook_receiver")
"""Folders of tests that start servers or processes, or whole simulators."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Mark what needs a server or another process, so that `make test-fast` can leave it out.

    Several workers also mix the modules, always in the same way: tests that mostly wait run beside those that compute.
    """
    for item in items:
        if _folder_of(item.path) in PROCESS_FOLDERS or {"valkey", "redis"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("process")
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: _place_of(item.path))


@cache
def _folder_of(module: Path) -> str:
    """Return the folder of `tests` that a module is in."""
    return module.relative_to(Path(__file__).parent).parts[0]


ONE_PLAY = (
    ("test_page_slack.py", "test_page_dialog_behaviour.py", "test_page_redrawing.py", "test_page_tour.py"),
    ("test_page_afresh.py", "test_page_axe.py", "test_page_dialogs.py"),
    ("test_page_blocks.py", "test_page_home.py", "test_page_bridge.py", "test_page_pagerduty.py"),
)
"""Modules that share a play and a browser. What looks at all of the page comes before what brings hundreds of hops."""


@cache
def _place_of(path: Path) -> tuple[int, int, Path]:
    """Return where a module comes among all, in each worker: those that share a play follow each other."""
    shared = next((modules for modules in ONE_PLAY if path.name in modules), (path.name,))
    return zlib.crc32(shared[0].encode()), shared.index(path.name), path


class ModulesByWorker(LoadScopeScheduling):
    """
    Distributes tests so that all of a module run in one worker, which starts once what they share.

    So do all of some modules together. What needs servers or processes of its own takes long, and is distributed test
    by test instead.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = Path(nodeid.partition("::")[0])
        folder, *rest = module.relative_to("tests").parts
        if folder in PROCESS_FOLDERS and not {"page", "play"} & set(rest):
            return nodeid
        return next((" ".join(modules) for modules in ONE_PLAY if module.name in modules), str(module))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ModulesByWorker:
    """Distribute the tests by a rule of our own."""
    return ModulesByWorker(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line what was skipped, and what it would take to run it."""
    reasons = Counter(str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []))
    if reasons:
        told = "; ".join(
            f"{count} because {reason.removeprefix('Skipped: ')}" for reason, count in reasons.most_common()
        )
        terminalreporter.write_line(f"{sum(reasons.values())} tests were skipped: {told}.")
