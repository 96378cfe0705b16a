"""Pure: the table of commands, for `/pd help` and for the documents."""

from bolt_app.commands.slash_grammar import USAGES
from bolt_app.replies.builder import Reply, as_code, build_reply

_NAMED = (
    "Name an incident by number (`37`, `#37`) or PagerDuty id; leave it out if only one is open in the channel. "
    "Only you see the answers; changes are made in your own name."
)


def help_text(command: str) -> Reply:
    """List what can be typed after `command`."""
    lines = [f"{as_code(f'{command} {usage.line}')}  {usage.description}" for usage in USAGES]
    return build_reply("\n".join(lines), _NAMED)


def help_markdown(command: str) -> str:
    """Write the same as a table for a document."""
    rows = [
        f"| {as_code(f'{command} {usage.line}').replace('|', chr(92) + '|')} | {usage.description} |"
        for usage in USAGES
    ]
    return "\n".join(["| command | what it does |", "|---|---|", *rows]) + "\n"
