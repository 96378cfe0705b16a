"""Pure: what was recorded, as the beginning of a story test."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from pagebridge_sandbox.play.alerts import ALERTS

Json = dict[str, Any]

HEAD = '''"""Say in one sentence what this file is about."""

from pagebridge_sandbox.slack import ElementPath
from tests.stories.harness import Bridge


async def test_recorded_story(bridge: Bridge) -> None:
    """Say in one sentence what must hold."""
'''
FOOT = """
    await bridge.pagerduty.webhooks.wait_until_idle()
    assert [] == bridge.effects(), "say what must hold, in place of this"
"""


def story(acts: Sequence[Json]) -> str:
    """Return the text of a test that does the same, as far as it can be said in its words; the rest is a comment."""
    lines = [
        f"    {line}"
        for act, following in zip_longest(acts, acts[1:])
        for line in _lines(str(act["path"]), act["body"], opens=following is not None and _is_in_dialog(following))
    ]
    return HEAD + "\n".join(lines) + "\n" + FOOT


def _is_in_dialog(act: Json) -> bool:
    return str(act["path"]).startswith("slack/modal/")


def _lines(path: str, body: Json, *, opens: bool) -> Iterator[str]:
    """Write one act; one that `opens` a dialog, because the next is in it, waits until that is there."""
    match path:
        case "pagerduty/trigger":
            alert = ALERTS[body["alert"]]
            yield f"bridge.trigger({body.get('title') or alert.title!r}, {alert.urgency!r})"
            yield 'await bridge.card("Triggered")'
        case "pagerduty/act":
            yield from _web(body)
        case "slack/click" if "label" in body and "card" in body and not body.get("confirmed"):
            press = "dialog" if opens else "click"
            yield f"await bridge.{press}({_first(body)!r}, {body['label']!r}, await bridge.card('#{body['card']} '))"
        case "slack/type" if str(body["text"]).startswith("/"):
            yield f"await bridge.slack.person({body['user']!r}).type_command({body['text']!r}, bridge.channel.id)"
        case "slack/modal/submit":
            yield f"await bridge.slack.person({body['user']!r}).modal.submit()"
        case "slack/modal/fill":
            place = f"ElementPath({body['block_id']!r}, {body['action_id']!r})"
            yield f"await bridge.slack.person({body['user']!r}).modal.put({place}, {body.get('value')!r})"
        case _:
            yield f"# {path} {body!r}"


def _web(body: Json) -> Iterator[str]:
    """Write what a person did in PagerDuty's own interface, where it takes nothing but the incident."""
    action = str(body["action"])
    if action in ("acknowledge", "unacknowledge", "resolve", "reopen"):
        incident = f"bridge.pagerduty.incident({body['incident']}).id"
        yield f"bridge.pagerduty.web({body['as']!r}).{action}({incident})"
    else:
        yield f"# pagerduty/act {body!r}"


def _first(body: Json) -> str:
    return str(body["user"]).removeprefix("U0").capitalize()
