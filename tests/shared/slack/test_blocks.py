"""What Slack is shown of texts from outside, and what people write in Slack, as plain text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.event import Agent, Ref
from shared.model.ids import SlackUserId
from shared.slack.render.blocks import (
    ELLIPSIS,
    clamp,
    date,
    duration,
    escape,
    external_link,
    link,
    mentioned_users,
    named,
    plain,
    short,
    to_plain_text,
)
from shared.slack.render.thread_line import by

ANYTHING = st.text(st.characters(codec=None) | st.sampled_from("&<>;|@!\u200b\u200d\u202e\u3164\ud800\n\x00\x1b"))
HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2800\u3164\U000e0000-\U000e0fff\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
ENTITY = re.compile(r"&(amp|lt|gt);")
SANDBOX = "http://127.0.0.1:9001"


def test_escapes_the_three_and_only_the_three() -> None:
    """Markup of Slack's own dies; whatever else people put into titles stays."""
    assert escape("<!channel> a & b > c *d* _e_ `f`") == "&lt;!channel&gt; a &amp; b &gt; c *d* _e_ `f`"
    assert escape("&amp;") == "&amp;amp;"


def test_text_is_one_visible_line() -> None:
    """Nothing hidden is left, and a line end cannot start a line that looks like ours."""
    assert escape("disk\r\n*Resolved*\x1b[2J\u202e!\u200b\ufeff") == "disk *Resolved*[2J!"
    assert escape("a\ud800b") == "a\ufffdb"


INVISIBLE = {
    "tag characters": "\U000e0001\U000e0068\U000e0069\U000e007f",
    "the empty Braille pattern": "\u2800",
    "fillers": "\u3164\uffa0\u115f\u1160",
    "a soft hyphen": "\u00ad",
    "a combining joiner": "\u034f",
    "vowels that are not written": "\u17b4\u17b5",
    "rare variation selectors": "\ufe00\U000e0100\U000e01ef",
    "deprecated controls": "\u206a\u206f",
    "marks between lines": "\ufff9\ufffb",
    "musical beams": "\U0001d173\U0001d17a",
    "blanks of old scripts": "\U00013430\U00013441\U00013442\U00016fe4",
    "a note without a head": "\U0001d159",
    "what is set aside": "\u2065\ufff0\U000e0fff",
}


@pytest.mark.parametrize("hidden", INVISIBLE.values(), ids=INVISIBLE)
def test_what_nobody_sees_is_taken_out(hidden: str) -> None:
    """Between letters and alone; a name of nothing else is shown as the id."""
    assert escape(f"da{hidden}ta") == "data"
    assert plain(hidden, 10) == ""
    assert named(Ref("P1", hidden)) == "P1"


@pytest.mark.parametrize("blank", [" ", "\u00a0\u2007", "\u3000", "\u1680 \u205f"])
def test_a_name_of_blanks_is_none(blank: str) -> None:
    """Whoever has one is named as if they had none, wherever they turn up."""
    assert ("", "P1", " by someone") == (short(blank), named(Ref("P1", blank)), by(Agent("P1", blank)))


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f468\u200d\U0001f469",
        "\U0001f3f3\ufe0f\u200d\U0001f308",
        "\u06dd12",
    ],
)
def test_what_joins_is_kept(text: str) -> None:
    """Persian words, families and flags are written with joiners, and numbers of verses with a sign."""
    assert escape(f"{text} down") == f"{text} down"


def test_joiners_that_join_nothing_are_taken_out() -> None:
    """At an edge, beside a blank, or one behind the other, they could only hide something."""
    assert escape("\u200d\u200c") == ""
    assert escape("\u200da\u200c b\ufe0f\u200d") == "a b\ufe0f"
    assert len(escape("a" + "\u200c\u200d" * 500 + "b")) == 4


@given(ANYTHING)
def test_nothing_from_outside_is_markup(text: str) -> None:
    """Whatever comes in, what comes out has no bracket, no loose ampersand, nothing hidden."""
    escaped = escape(text)
    assert "<" not in escaped
    assert ">" not in escaped
    assert "&" not in ENTITY.sub("", escaped)
    assert not HIDDEN.search(escaped)
    escaped.encode()


@given(ANYTHING, st.integers(0, 40))
def test_clamped_text_fits_and_stays_whole(text: str, limit: int) -> None:
    """Never longer than the limit, and never ending in half an entity."""
    escaped = escape(text)
    clamped = clamp(escaped, limit)
    assert len(clamped) <= limit
    assert "&" not in ENTITY.sub("", clamped)
    assert clamped == escaped or clamped.endswith(ELLIPSIS) or limit == 0


@given(ANYTHING, st.integers(0, 40))
def test_plain_text_fits(text: str, limit: int) -> None:
    """A `plain_text` field is not escaped, but cleaned and cut all the same."""
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert not HIDDEN.search(shown)


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("short", 5, "short"),
        ("shorter", 5, "shor…"),
        ("a b cdef", 3, "a…"),
        ("ab&amp;cd", 6, "ab…"),
        ("ab&amp;cd", 8, "ab&amp;…"),
        ("see <https://acme.pagerduty.com|it>", 20, "see…"),
        ("&amp;", 1, "…"),
    ],
)
def test_cuts_between_entities(text: str, limit: int, cut: str) -> None:
    """The cut falls before an entity or a token that does not fit, and no blank stands before the ellipsis."""
    assert clamp(text, limit) == cut


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.pagerduty.com/incidents/Q1",
        "https://acme.eu.pagerduty.com/incidents/Q1?a=b&c=d",
        "https://acme.pagerduty.com",
    ],
)
def test_links_to_pagerduty(url: str) -> None:
    """PagerDuty's own pages are linked, with `&` written as Slack wants it."""
    assert link(url, "#12") == f"<{url.replace('&', '&amp;')}|#12>"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://acme.pagerduty.com/",
        "https://pagerduty.com.evil.example/",
        "https://evilpagerduty.com/",
        "https://acme.pagerduty.com@evil.example/",
        "https://evil.example\\.pagerduty.com/",
        "https://acme.pagerduty.com/|label> <!channel",
        "https://acme.pagerduty.com/\n",
        "https://acme.pagerduty.com:8443/",
        "javascript:alert(1)",
        "http://127.0.0.1:9001/incidents/Q1",
    ],
)
def test_links_nowhere_else(url: str) -> None:
    """Every other address is not linked: people see the label alone."""
    assert link(url, "label") == "label"


@given(ANYTHING)
def test_no_url_can_leave_its_link(url: str) -> None:
    """A link is one token, whatever stands in the address."""
    assert link("https://acme.pagerduty.com/" + url, "L").count("<") <= 1


@pytest.mark.parametrize(
    ("url", "label", "shown"),
    [
        ("https://w.example/run?a=1&b", "Run <it>", "<https://w.example/run?a=1&amp;b|Run &lt;it&gt;> (w.example)"),
        ("https://w.example/run", "", "<https://w.example/run|w.example>"),
        ("https://w.example/run", "https://w.example/run", "<https://w.example/run|w.example>"),
        ("https://a.pagerduty.com@evil.example/", "In", "<https://a.pagerduty.com@evil.example/|In> (evil.example)"),
        ("https://x.example.com/a|b<c>", "", "<https://x.example.com/a%7Cb%3Cc%3E|x.example.com>"),
        ("javascript:alert(1)", "Run", "Run: javascript:alert(1)"),
        ("http://[broken", "", "http://[broken"),
        ("https://x.example.com/" + "&" * 200, "Run", "Run: https://x.example.com/" + "&amp;" * 95 + "…"),
    ],
)  # fmt: skip
def test_other_pages_are_linked_with_their_host(url: str, label: str, shown: str) -> None:
    """Whatever a page is called, people see where it leads; what cannot be followed is text."""
    assert shown == external_link(url, label)


@given(ANYTHING, ANYTHING)
def test_no_page_can_leave_its_link(url: str, label: str) -> None:
    """One token at most, of a bounded length, whatever monitoring wrote."""
    for shown in (external_link(url, label), external_link("https://x.example.com/" + url, label)):
        assert 1 >= shown.count("<")
        assert 700 >= len(shown)


def test_dates_read_well_everywhere() -> None:
    """A moment is shown in the reader's time zone, and in UTC where that cannot be done."""
    assert date(1_700_000_000_999) == "<!date^1700000000^{date_short_pretty} {time}|2023-11-14 22:13 UTC>"


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 second"), (90, "90 seconds"), (300, "5 minutes"), (172_800, "48 hours")]
)
def test_a_length_of_time_is_readable(seconds: float, words: str) -> None:
    """It has the largest unit that fits, never a huge number of seconds."""
    assert words == duration(seconds)


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
