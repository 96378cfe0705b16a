"""Why a call failed, or something was not understood: what stands in brackets, in the log and in dead letters."""

from collections.abc import Mapping

import pytest

from tests.words.page import Page
from tests.words.sentences import VALUE, Sentence, modules, sentences

CHAPTERS: Mapping[str, tuple[str, ...]] = {
    "PagerDuty": ("shared/pagerduty/",),
    "Slack": ("shared/slack/",),
    "A proxy": ("shared/http/proxy.py",),
    "Redis": ("shared/store/",),
    "While a click is carried out": ("bolt_app/write_path/", "shared/access/", "shared/vendor_calls.py"),
    "While messages are brought up to date": ("bolt_app/read_path/", "bolt_app/resync/", "shared/model/"),
    "The worker": ("bolt_app/",),
    "The embedded Valkey": ("pagebridge/local/",),
    "The receiver": ("webhook_receiver/",),
}
"""The parts of the product whose errors carry reasons, by the first folder that fits."""
WHOLLY = (
    "bolt_app/slack_transport/",
    "bolt_app/consumers.py",
    "bolt_app/write_path/attempt.py",
    "bolt_app/write_path/direct_acknowledge.py",
    "bolt_app/write_path/executor.py",
    "pagebridge/local/embedded_valkey.py",
    "shared/http/proxy.py",
    "shared/pagerduty/api/errors.py",
    "shared/pagerduty/api/lanes.py",
    "shared/pagerduty/api/sdk.py",
    "shared/pagerduty/events/",
    "shared/model/message_state.py",
    "shared/slack/api/",
    "shared/store/",
    "webhook_receiver/event_stream.py",
)
"""Where every sentence is a reason, also one that is made apart from its error."""


def test_every_reason_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """They are taken from the source, where they are raised; what is put in at run time is an ellipsis."""
    page = Page(
        "error_reasons",
        "Reasons of errors",
        "They stand in brackets in a reply, such as “couldn't look up incident 37 (PagerDuty cannot be reached: …)”, "
        "in log lines, in dead letters and in the audit. An ellipsis is what is put in at run time.",
    )
    found = [one for module in modules() for one in sentences(module) if one.error or one.module.startswith(WHOLLY)]
    for chapter in CHAPTERS:
        page.chapter(chapter)
        page.entries(sorted({one.text.replace(VALUE, "…") for one in found if _chapter(one) == chapter}))
    assert not [one for one in found if _chapter(one) is None]
    page.check(pytestconfig)


def _chapter(sentence: Sentence) -> str | None:
    return next((name for name, folders in CHAPTERS.items() if sentence.module.startswith(folders)), None)
