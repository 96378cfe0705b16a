"""What people write in Slack, as plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.ids import SlackUserId
from shared.slack.render.mrkdwn import mentioned_users, to_plain_text

NAMES = {SlackUserId("U0BOB"): "Bob Ng"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ask <@U0BOB> now", "ask @Bob Ng now"),
        ("ask <@U0BOB|bob>", "ask @Bob Ng"),
        ("ask <@U0ZOE|zoe> and <@W0MAX>", "ask @zoe and @W0MAX"),
        ("see <#C0INC|incidents> or <#C0OTHER>", "see #incidents or #C0OTHER"),
        ("<!here> <!channel|channel>", "@here @channel"),
        ("<!subteam^S0OPS|@ops> <!subteam^S0OPS>", "@ops @S0OPS"),
        ("<!date^1700000000^{date}|14 Nov>", "14 Nov"),
        ("<https://x.example/a|the graph>", "the graph (https://x.example/a)"),
        ("<https://x.example>", "https://x.example"),
        ("<https://x.example|x.example>", "https://x.example"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;", "&lt;"),
        ("*bold* and `code`\nsecond line", "*bold* and `code`\nsecond line"),
        ("", ""),
    ],
)
def test_markup_becomes_words(written: str, read: str) -> None:
    """Names for ids, the address beside its words, the characters that were escaped; the rest as it was."""
    assert read == to_plain_text(written, NAMES)


def test_who_is_mentioned() -> None:
    """Each once, in order."""
    assert ("U0BOB", "W0MAX") == mentioned_users("<@U0BOB> <@W0MAX|max> <@U0BOB> @U0NOT <#C0NOT>")


@given(st.text(alphabet="<>@#!|^&;ltgamp/:UC0 x\n") | st.text())
def test_anything_can_be_read(written: str) -> None:
    """No text raises, and no markup is left that Slack would have made."""
    assert isinstance(to_plain_text(written, {}), str)


@given(st.text().filter(lambda text: not set(text) & set("<>&")))
def test_plain_text_stays_as_it_is(written: str) -> None:
    """What has no markup is not touched."""
    assert written == to_plain_text(written, NAMES)
