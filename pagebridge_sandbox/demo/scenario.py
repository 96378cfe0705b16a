"""The parts of a story: its steps, and the checks after each of them, in the words that are printed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pagebridge_sandbox.demo import fixtures
from pagebridge_sandbox.demo.checks import Check
from pagebridge_sandbox.demo.stage import Stage
from pagebridge_sandbox.demo.summary import count_with_noun

RESULT_LABELS = {"echo": "echoes of our own writes", "duplicate": "duplicates", "stale": "older than what is known"}
"""The worker's words for webhooks that changed nothing, and ours."""


@dataclass(frozen=True)
class Step:
    """
    One step: its title, what is played, and what must hold when all has come to rest.

    `quiet_seconds` is for how long nothing may happen for that. `scene` tells what has happened since the last look at
    the channel; without one the channel is not shown after this step.
    """

    title: str
    run: Callable[[Stage], Awaitable[None]]
    checks: tuple[Check, ...]
    quiet_seconds: float = 0.3
    scene: str = ""


def card(state: str, *, cards: int = 1) -> Check:
    """Require a state on the latest card, and how many cards there are, one for each incident."""
    which = "one card" if cards == 1 else f"{cards} cards, the latest"
    return Check(f'{which}: "{state}"', lambda seen: (seen.card_count, seen.card_state), (cards, state))


def card_says(words: str) -> Check:
    """Require words on the latest card."""
    return Check(f'it says "{words}"', lambda seen: seen.card_text, words, is_substring=True)


def dialog_says(words: str) -> Check:
    """Require words in the dialog that a person had in front of them last."""
    return Check(
        f'the dialog says "{words}"', lambda seen: (seen.stage.drawn_dialogs or [""])[-1], words, is_substring=True
    )


def buttons(*labels: str) -> Check:
    """Require these buttons on the card, in this order; there may be others."""
    return Check(
        f"buttons {_join(labels)}", lambda seen: [each for each in seen.buttons if each in labels], list(labels)
    )


def menu(*labels: str) -> Check:
    """Require these entries in the card's menu, in this order; there may be others."""
    shown = f"in its menu {_join(labels)}"
    return Check(shown, lambda seen: [each for each in seen.menu if each in labels], list(labels))


def no_button(label: str) -> Check:
    """Require that the card has no such button."""
    return Check(f"no button {label}", lambda seen: label in seen.buttons, expected=False)


def thread(*lines: str) -> Check:
    """Require the lines of the thread, each of them once and in this order."""
    last = f', the last "{lines[-1]}"' if lines else ""
    what = f"{count_with_noun(len(lines), 'line')} in the thread{last}"
    return Check(what, lambda seen: seen.thread_lines, list(lines))


def writes(*made: str) -> Check:
    """Require the writes to PagerDuty about this incident, all since its beginning."""
    last = f', the last "{made[-1]}"' if made else ""
    return Check(
        f"{count_with_noun(len(made), 'write')} to PagerDuty so far{last}", lambda seen: seen.writes, list(made)
    )


def status(state: str, *assignees: str) -> Check:
    """Require the truth at PagerDuty."""
    whose = f", assigned to {' and '.join(assignees)}" if assignees else ""
    expected = (state, [fixtures.pagerduty_id(first) for first in assignees])
    return Check(f"in PagerDuty {state}{whose}", lambda seen: (seen.status, seen.assignees), expected)


def privately_reads(first: str, words: str) -> Check:
    """Require words that one person reads, and no one else."""
    return Check(f'{first} alone reads "{words}"', lambda seen: seen.private_text(first), words, is_substring=True)


def webhook_count(result: str, number: int) -> Check:
    """Require how many webhooks were of a kind to the worker, all since the beginning."""
    return Check(
        f"webhooks so far that were {RESULT_LABELS[result]}: {number}",
        lambda seen: seen.webhook_results[result],
        number,
    )


def _join(labels: tuple[str, ...]) -> str:
    *others, last = labels
    return f"{', '.join(others)} and {last}" if others else last
