"""How findings are told: in lines for people, coloured on a terminal, and as JSON for machines."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from pagebridge.cli.checks.findings import Finding, Status
from pagebridge.cli.output import show

STYLES = {Status.PASS: "green", Status.SKIPPED: "cyan", Status.WARNING: "yellow", Status.FAIL: "bold red"}
WIDEST = max(map(len, Status))


def report(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print findings."""
    if as_json:
        show(json.dumps(finding.as_json()) for finding in findings)
        return
    console = Console(highlight=False)
    for line in lines(findings):
        console.print(line, soft_wrap=True)


def lines(findings: Sequence[Finding]) -> Iterator[Text]:
    """Write each finding with its fix below it, and at the end how many there are of each kind."""
    width = max((len(finding.check) for finding in findings), default=0)
    for finding in findings:
        status = (finding.status.ljust(WIDEST), STYLES[finding.status])
        yield Text.assemble(status, f"  {finding.check.ljust(width)}  {finding.what}")
        if finding.fix:
            yield Text(f"{' ' * (WIDEST + width + 4)}-> {finding.fix}")
    count = Counter(finding.status for finding in findings)
    yield Text(", ".join(f"{count[status]} {status}" for status in reversed(list(Status)) if count[status]))
