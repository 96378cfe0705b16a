"""The loop in virtual time: nothing waits, nothing is lost, and nothing hangs."""

import asyncio
import time
from contextvars import Context

import pytest

from tests.proof.engine.virtual_loop import OWNER, DeadEnd, OutOfTime, VirtualLoop


def test_waiting_takes_no_time() -> None:
    """An hour of sleeping, timing out and working side by side passes in an instant, to the second."""
    done: list[tuple[str, float]] = []

    async def work(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        done.append((name, asyncio.get_running_loop().time()))

    async def main() -> str:
        async with asyncio.TaskGroup() as group:
            group.create_task(work("later", 3600.0))
            group.create_task(work("sooner", 0.5))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.0):
                await asyncio.Event().wait()
        return f"{asyncio.get_running_loop().time():.1f}"

    begun = time.monotonic()
    assert VirtualLoop().run(main, until=7200.0) == "3602.0"
    assert done == [("sooner", 0.5), ("later", 3600.0)]
    assert time.monotonic() - begun < 1.0


def test_a_dead_end_is_an_error() -> None:
    """When everybody waits for somebody else, the run fails at once instead of hanging."""

    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadEnd, match="nothing is left"):
        VirtualLoop().run(main, until=10.0)


def test_running_in_circles_is_an_error() -> None:
    """Code that spins without letting time pass is found out."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()

        def again() -> None:
            loop.call_soon(again)

        again()
        await waiting

    with pytest.raises(DeadEnd, match="circles"):
        VirtualLoop().run(main, until=10.0)


def test_a_run_that_takes_too_long_is_an_error() -> None:
    """The main coroutine has so much virtual time and no more."""

    async def main() -> None:
        await asyncio.sleep(11.0)

    with pytest.raises(OutOfTime):
        VirtualLoop().run(main, until=10.0)


@pytest.mark.parametrize("patience", [0.0, 1.0])
def test_an_error_that_nobody_noticed_fails_the_run(patience: float) -> None:
    """A task that failed and was never asked, and a callback that failed, are errors of the run."""

    async def fail() -> None:
        raise ValueError("in a task")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        failing = loop.create_task(fail())
        loop.call_soon(int, "in a callback")
        await asyncio.sleep(patience)
        del failing

    with pytest.raises(BaseExceptionGroup) as caught:
        VirtualLoop().run(main, until=10.0)
    assert {type(error) for error in caught.value.exceptions} == {ValueError}
    assert len(caught.value.exceptions) == 2


def test_an_error_that_somebody_noticed_is_theirs() -> None:
    """A task whose error was caught does not fail the run."""

    async def fail() -> None:
        raise ValueError

    async def main() -> str:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
        except* ValueError:
            pass
        return "well"

    assert VirtualLoop().run(main, until=10.0) == "well"


def test_what_still_runs_at_the_end_is_cancelled() -> None:
    """Tasks that the main coroutine leaves behind get to clean up, however long they would have run."""
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.sleep(1e9)
        finally:
            await asyncio.sleep(5.0)
            ended.append("forever")

    async def main() -> None:
        task = asyncio.get_running_loop().create_task(forever())
        await asyncio.sleep(0)
        assert not task.done()

    VirtualLoop().run(main, until=10.0)
    assert ended == ["forever"]


def test_a_group_of_tasks_is_cancelled_in_the_same_order_each_time() -> None:
    """What asyncio does in the order of a set does not depend on where in memory the tasks lie."""

    def order() -> list[int]:
        cancelled: list[int] = []

        async def wait(number: int) -> None:
            try:
                await asyncio.sleep(9.0)
            finally:
                cancelled.append(number)

        async def wait_together() -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(20):
                    group.create_task(wait(number))

        async def main() -> None:
            task = asyncio.get_running_loop().create_task(wait_together())
            await asyncio.sleep(1.0)
            task.cancel()
            await asyncio.wait([task])

        VirtualLoop().run(main, until=10.0)
        return cancelled

    memory = []
    for size in range(50):
        memory.append([object() for _ in range(size * 7)])
        assert order() == list(range(20))


def test_there_are_no_threads() -> None:
    """A thread would bring in real time, so it is refused."""

    async def main() -> None:
        await asyncio.to_thread(print)

    with pytest.raises(NotImplementedError, match="threads"):
        VirtualLoop().run(main, until=10.0)


def test_what_is_frozen_goes_on_where_it_was() -> None:
    """A frozen owner does nothing while others go on; thawed, its timers go off late, once, and in their order."""
    seen: list[tuple[str, float]] = []

    async def tick(name: str, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            seen.append((name, asyncio.get_running_loop().time()))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        sleeper = Context()
        sleeper.run(OWNER.set, "sleeper")
        ticking = [loop.create_task(tick("other", 2.0))]
        ticking += [
            loop.create_task(tick(name, every), context=sleeper) for name, every in (("slow", 1.5), ("fast", 1.0))
        ]
        await asyncio.sleep(0)
        loop.freeze("sleeper")
        await asyncio.sleep(3.25)
        loop.thaw("sleeper")
        await asyncio.sleep(1.25)
        assert not any(task.done() for task in ticking)

    VirtualLoop().run(main, until=10.0)
    assert seen == [("other", 2.0), ("fast", 3.25), ("slow", 3.25), ("other", 4.0), ("fast", 4.25)]
