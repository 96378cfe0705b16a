"""What a play shows of calls: nothing that could be used to act or to sign in."""

import pytest

from pagebridge_sandbox.play.scrubbing import HIDDEN, scrub


@pytest.mark.parametrize(
    "text",
    [
        "https://identity.example/oauth/authorize?client_id=PAPP&state=canary",
        "grant_type=authorization_code&code=canary&code_verifier=canary&client_secret=canary",
        "<http://127.0.0.1/oauth/authorize?state=canary|Sign in to PagerDuty>",
    ],
)
def test_what_is_good_for_signing_in_is_hidden(text: str) -> None:
    """In an address, in a form and in a text of Slack's; the rest stays to be read."""
    shown = scrub({"body": [text]}, [])["body"][0]

    assert "canary" not in shown
    assert HIDDEN in shown
    assert ("client_id=PAPP" in shown) is ("client_id" in text)
    assert ("Sign in to PagerDuty" in shown) is ("Sign in" in text)


def test_json_within_a_text_is_scrubbed_as_well() -> None:
    """A dialog keeps where its answer goes in a text: whoever has that address can write in its person's channel."""
    metadata = '{"incident": "Q1", "response_url": "http://127.0.0.1/actions/canary", "deep": [{"token": "canary"}]}'

    shown = scrub({"private_metadata": metadata, "broken": "{canary-like"}, [])

    assert "canary" not in shown["private_metadata"]
    assert "Q1" in shown["private_metadata"]
    assert "{canary-like" == shown["broken"]


def test_words_that_only_look_like_it_stay() -> None:
    """A code challenge proves nothing, and a state in a sentence is none."""
    text = "code_challenge=abc, and the state of it"

    assert text == scrub(text, [])
