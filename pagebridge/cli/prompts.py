"""Prompts, on a terminal or line by line from a pipe. Secrets are not echoed."""

import sys
from collections.abc import Callable

import typer


class Unanswered(Exception):
    """Raised when there is no input left."""


def ask(question: str, check: Callable[[str], str], *, secret: bool = False, default: str = "") -> str:
    """
    Ask until `check` takes the answer, which it may put into another form; it raises `ValueError` to say what is wrong.

    An empty answer takes the default. Raises `Unanswered` when the input ends.
    """
    while True:
        answer = _answer(question, secret=secret, default=default)
        try:
            return check(answer)
        except ValueError as error:
            why = str(error)
            sys.stdout.write(f"  {why[:1].upper()}{why[1:]}. Try again:\n")


def agreed(question: str) -> bool:
    """Ask a yes/no question; no input means no."""
    try:
        return ask(f"{question} [y/N]", lambda answer: answer).casefold() in {"y", "yes"}
    except Unanswered:
        return False


def _answer(question: str, *, secret: bool, default: str) -> str:
    hint = f" [{default}]" if default else ""
    if sys.stdin.isatty():
        answer: str = typer.prompt(f"{question}{hint}", hide_input=secret, default=default, show_default=False)
        return answer.strip() or default
    sys.stdout.write(f"{question}{hint}: ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    sys.stdout.write("\n")
    if not line:
        raise Unanswered
    return line.strip() or default
