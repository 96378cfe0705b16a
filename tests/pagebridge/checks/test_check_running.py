"""How checks are made: side by side, each in its time, none spoiling another."""

import asyncio

from pagebridge.cli.checks.findings import Check, Finding, Status, look_at_all, passed
from shared.errors import Uncertain
from tests.pagebridge.cli_session import says


async def test_a_check_that_takes_too_long_is_given_up() -> None:
    """The others are told in their order all the same."""

    async def never() -> Finding:
        await asyncio.sleep(60)
        raise AssertionError

    async def once() -> Finding:
        return Finding(Status.PASS, "right")

    late, right = await look_at_all([Check("late", never, 0.01), Check("right", once)])
    says(late, Status.WARNING, "no answer within 0.01 s")
    assert ("right", Status.PASS) == (right.check, right.status)


async def test_a_check_that_cannot_be_asked_says_so() -> None:
    """What went wrong with the asking is told."""

    async def broken() -> Finding:
        raise Uncertain("the connection broke")

    (finding,) = await look_at_all([Check("broken", broken)])
    says(finding, Status.WARNING, "can't be checked: the connection broke")


def test_a_verdict_needs_no_mend() -> None:
    """What is right leaves nothing to do."""
    assert "" == passed("right").fix
