"""Checks of the output of the demo."""

from pagebridge_sandbox.demo.report import own_command
from tests.pagebridge_sandbox.demo.test_demo_output import columns


def check_width(printed: str, columns_wide: int) -> None:
    """Check that each line fits the page, but for a command, which is left whole, and that nothing is coloured."""
    assert "\x1b[" not in printed
    lines = [line for line in printed.splitlines() if own_command() not in line]
    assert [] == [line for line in lines if columns(line) > columns_wide]


def check_looks(printed: str) -> None:
    """Check that the channel comes first, scene after scene, then the figures and the next step, without any hop."""
    places = [
        printed.index(words)
        for words in (
            "pagebridge: handle PagerDuty incidents from Slack",
            "The channel, as people see it",
            "> Monitoring opens an incident.",
            "│ Assigned to @Alice Ng",
            "│ [Acknowledge] [Add note] [Reassign] [Escalate] [Resolve] [⋯]",
            "╰ 1 reply",
            "Only visible to Carol Diaz",
            "┊ ✅ You resolved incident #1.",
            "│ ✅ Resolved  #2 Search results are stale",
            "All ",
            " init\n",
        )
    ]
    assert sorted(places) == places
    for hop in ("->", "PUT /incidents", "chat.update", "Alice is asked"):
        assert hop not in printed
