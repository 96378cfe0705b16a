"""What stands on a page that the demo has printed."""

from pagebridge_sandbox.demo.report import own_command
from tests.pagebridge_sandbox.demo.test_demo_output import columns


def check_width(printed: str, columns_wide: int) -> None:
    """Each line fits the page, but for a command, which is left whole; nothing is coloured."""
    assert "\x1b[" not in printed
    lines = [line for line in printed.splitlines() if own_command() not in line]
    assert [] == [line for line in lines if columns(line) > columns_wide]


def check_looks(printed: str) -> None:
    """What people see comes first, look after look, then the figures and the next step; no hop is shown."""
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
