"""The simulated process: what a crash, a stop and a lost connection do to its calls."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import pytest

from tests.proof.engine.process import Fault, Process, What
from tests.proof.engine.virtual_loop import VirtualLoop

Main = Callable[[Process], Coroutine[Any, Any, None]]
LATENCY = (0.25, 0.25)


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test's coroutine in virtual time."""
    VirtualLoop().run(main, until=100.0)


def process(*faults: Fault, outliving: tuple[str, ...] = ()) -> Process:
    """Make a process whose calls take a quarter of a second each way."""
    return Process("worker", Random(1), faults, latency=LATENCY, outliving=outliving)  # noqa: S311 -- reproducible


class Shop:
    """Something outside, and when it was asked for what."""

    def __init__(self) -> None:
        self.sold: list[tuple[int, float]] = []
        self.heard: list[tuple[object, float]] = []

    async def buy(self, worker: Process, *things: int) -> None:
        """Buy one thing after the other, and note what comes back when."""
        for thing in things:
            try:
                answer: object = await worker.call("shop", "buy", lambda thing=thing: self._sell(thing))  # type: ignore[misc]  # its default
            except OSError as error:
                answer = type(error).__name__
            self.heard.append((answer, worker.monotonic()))

    def _sell(self, thing: int) -> int:
        self.sold.append((thing, asyncio.get_running_loop().time()))
        return -thing


def test_a_call_takes_its_time_there_and_back() -> None:
    """The effect comes a moment after the call and the answer a moment after the effect."""
    shop = Shop()

    async def main() -> None:
        worker = process()
        await worker.run(lambda: shop.buy(worker, 1, 2))
        assert worker.calls == 2

    run(main)
    assert shop.sold == [(1, 0.25), (2, 0.75)]
    assert shop.heard == [(-1, 0.5), (-2, 1.0)]


def test_an_error_at_the_far_side_comes_back() -> None:
    """What the effect raises is raised at the caller, after the way back."""

    def refuse() -> None:
        raise ValueError("sold out")

    async def main() -> None:
        worker = process()
        with pytest.raises(ValueError, match="sold out"):
            await worker.run(lambda: worker.call("shop", "buy", refuse))
        assert worker.monotonic() == 0.5

    run(main)


@pytest.mark.parametrize(
    ("what", "sold", "heard"),
    [
        ("crash_before", [(1, 0.25)], [(-1, 0.5)]),
        ("crash_after", [(1, 0.25), (2, 0.75)], [(-1, 0.5)]),
        ("pause_before", [(1, 0.25), (2, 8.75), (3, 9.25)], [(-1, 0.5), (-2, 9.0), (-3, 9.5)]),
        ("pause_after", [(1, 0.25), (2, 0.75), (3, 9.0)], [(-1, 0.5), (-2, 8.75), (-3, 9.25)]),
        ("fail_before", [(1, 0.25), (3, 1.25)], [(-1, 0.5), ("ConnectionResetError", 1.0), (-3, 1.5)]),
        ("fail_after", [(1, 0.25), (2, 0.75), (3, 1.25)], [(-1, 0.5), ("ConnectionResetError", 1.0), (-3, 1.5)]),
        ("fail_late", [(1, 0.25), (3, 1.25), (2, 8.75)], [(-1, 0.5), ("ConnectionResetError", 1.0), (-3, 1.5)]),
    ],
)
@pytest.mark.parametrize("kind", ["", "shop"])
def test_a_fault_strikes_where_it_says(
    what: What, kind: str, sold: list[tuple[int, float]], heard: list[tuple[object, float]]
) -> None:
    """Each fault strikes the call it names, before or after its effect, and leaves the others alone."""
    shop = Shop()

    async def main() -> None:
        worker = process(Fault(1, what, 8.0, kind))
        await worker.run(lambda: shop.buy(worker, 1, 2, 3))
        assert worker.alive is not what.startswith("crash")
        await asyncio.sleep(20.0)

    run(main)
    assert shop.sold == sold
    assert shop.heard == heard


@pytest.mark.parametrize(("outliving", "sold"), [((), []), (("shop",), [(1, 0.25)])])
def test_what_a_dead_process_has_sent(outliving: tuple[str, ...], sold: list[tuple[int, float]]) -> None:
    """A call under way when its process dies takes effect only if calls of its kind outlive their process."""
    shop = Shop()

    async def main() -> None:
        worker = process(outliving=outliving)
        worker.start(lambda: shop.buy(worker, 1, 2))
        await asyncio.sleep(0.125)
        worker.crash()
        await asyncio.sleep(5.0)

    run(main)
    assert shop.sold == sold
    assert shop.heard == []


def test_nothing_that_a_dead_process_does_on_its_way_out_reaches_anybody() -> None:
    """Clean-up that calls is cancelled at once, and clean-up that fails concerns nobody."""
    shop = Shop()

    async def tidy(worker: Process) -> None:
        try:
            await asyncio.sleep(50.0)
        finally:
            with pytest.raises(asyncio.CancelledError):
                await shop.buy(worker, 9)
            raise RuntimeError("in the clean-up")

    async def main() -> None:
        worker = process(Fault(0, "crash_before"))
        worker.start(lambda: tidy(worker))
        await worker.run(lambda: shop.buy(worker, 1))
        assert not worker.alive
        with pytest.raises(RuntimeError, match="dead"):
            worker.start(lambda: tidy(worker))

    run(main)
    assert shop.sold == []


def test_a_stopped_process_does_nothing_at_all() -> None:
    """While it is stopped its timers do not go off and new work does not begin; its clock runs on."""
    shop = Shop()

    async def later(worker: Process) -> None:
        await asyncio.sleep(1.0)
        shop.heard.append(("timer", worker.monotonic()))

    async def main() -> None:
        worker = process()
        worker.start(lambda: later(worker))
        await asyncio.sleep(0)
        worker.pause(5.0)
        worker.pause(3.0)
        worker.start(lambda: shop.buy(worker, 1))
        await asyncio.sleep(20.0)

    run(main)
    assert shop.sold == [(1, 5.25)]
    assert shop.heard == [("timer", 5.0), (-1, 5.5)]


def test_a_stopped_process_can_be_killed() -> None:
    """A process that dies in its sleep ends at once."""
    shop = Shop()

    async def main() -> None:
        worker = process()
        task = worker.start(lambda: shop.buy(worker, 1))
        worker.pause()
        worker.crash()
        await asyncio.wait([task])
        assert worker.monotonic() == 0.0

    run(main)
    assert shop.sold == []


def test_a_blocking_call_waits_and_ends_with_its_caller() -> None:
    """An effect may give a future: the answer comes when that is done, and it is cancelled when nobody waits for it."""
    waiting: list[asyncio.Future[str]] = []

    def block() -> object:
        waiting.append(asyncio.get_running_loop().create_future())
        return waiting[-1]

    async def main() -> None:
        worker = process()
        read = worker.start(lambda: worker.call("redis", "read", block))
        given_up = worker.start(lambda: worker.call("redis", "read", block))
        await asyncio.sleep(3.0)
        waiting[0].set_result("news")
        given_up.cancel()
        assert await read == "news"
        assert worker.monotonic() == 3.25

    run(main)
    assert waiting[1].cancelled()


def test_only_the_process_itself_calls() -> None:
    """A call from outside would go on while the process is stopped, so it is refused."""

    async def main() -> None:
        with pytest.raises(RuntimeError, match="from outside worker"):
            await Shop().buy(process(), 1)

    run(main)


def test_a_process_outlives_a_task_that_is_not_waited_for() -> None:
    """Whoever stops waiting for some work of a process stops that work, not the process."""
    shop = Shop()

    async def main() -> None:
        worker = process()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6):
                await worker.run(lambda: shop.buy(worker, 1, 2, 3))
        await worker.run(lambda: shop.buy(worker, 4))

    run(main)
    assert [thing for thing, _ in shop.sold] == [1, 2, 4]
    assert [answer for answer, _ in shop.heard] == [-1, -4]
