"""Signing in: a person lets an app see who they are, and every way in which that must fail."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pagebridge_sandbox.pagerduty.oauth import OAuthApp
from pagebridge_sandbox.pagerduty.sign_in import challenge_of
from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, Acme

BACK = "https://bridge.example.com/oauth/pagerduty/callback"
VERIFIER = "v" * 43


@pytest.fixture
def app(acme: Acme) -> OAuthApp:
    """Register an app to which people can come back."""
    return acme.pd.add_oauth_app(["users.read"], redirect_uris=[BACK])


def asking(app: OAuthApp, **changes: str) -> dict[str, str]:
    """Write what an app sends people to PagerDuty with; an empty change leaves it out."""
    asked = {
        "client_id": app.client_id,
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "users.read",
        "state": "the-state",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (asked | changes).items() if value}


async def allowed(
    acme: Acme, app: OAuthApp, answer: str = "user", value: str = ALICE, **changes: str
) -> dict[str, str]:
    """Let a person answer on PagerDuty's page, and return what the app is sent."""
    form = asking(app, **changes) | {answer: value}
    async with acme.session.post(f"{acme.pd.url}/oauth/authorize", data=form, allow_redirects=False) as page:
        assert 302 == page.status
        assert page.headers["Location"].startswith(f"{BACK}?")
        return {name: values[0] for name, values in parse_qs(urlsplit(page.headers["Location"]).query).items()}


async def exchanged(acme: Acme, app: OAuthApp, code: str, **changes: str) -> tuple[int, Any]:
    """Exchange a code for a token, and return status and body of the answer."""
    form = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "client_secret": app.secret,
        "redirect_uri": BACK,
        "code": code,
        "code_verifier": VERIFIER,
    }
    async with acme.session.post(f"{acme.pd.url}/oauth/token", data=form | changes) as answer:
        return answer.status, await answer.json()


async def test_a_person_proves_who_they_are(acme: Acme, app: OAuthApp) -> None:
    """The page names the scopes and the people; the token says whose it is, and can do no more than its scopes."""
    async with acme.session.get(f"{acme.pd.url}/oauth/authorize", params=asking(app)) as page:
        text = await page.text()
        assert (200, "text/html") == (page.status, page.content_type)
    assert "users.read" in text
    assert "Sign in as Alice Ng (alice@example.com)" in text

    back = await allowed(acme, app)
    status, given = await exchanged(acme, app, back["code"])
    bearer = f"Bearer {given['access_token']}"
    me = await acme.call("GET", "/users/me", sender=None, authorization=bearer)

    assert ("the-state", "acme") == (back["state"], back["subdomain"])
    assert (200, "openid users.read") == (status, given["scope"])
    assert ALICE == me.body["user"]["id"]
    assert 403 == (await acme.call("GET", "/incidents", sender=None, authorization=bearer)).status
    acme.pd.clock.advance(864_001)
    assert 401 == (await acme.call("GET", "/users/me", sender=None, authorization=bearer)).status


async def test_a_token_of_the_app_is_nobodys(acme: Acme, app: OAuthApp) -> None:
    """Only a person's token has a current user."""
    form = {"grant_type": "client_credentials", "scope": "as_account-us.acme users.read"}
    _, given = await exchanged(acme, app, "", **form)

    assert 400 == (await acme.call("GET", "/users/me", None, None, f"Bearer {given['access_token']}")).status


async def test_a_person_who_does_not_allow_it(acme: Acme, app: OAuthApp) -> None:
    """The app is told so, with its state, and gets no code."""
    back = await allowed(acme, app, "answer", "deny")

    assert ("access_denied", "the-state") == (back["error"], back["state"])
    assert "code" not in back


async def test_scopes_that_the_app_lacks_are_left_out(acme: Acme, app: OAuthApp) -> None:
    """There is no error: what is granted is told with the token."""
    back = await allowed(acme, app, scope="users.read incidents.write")

    assert "openid users.read" == (await exchanged(acme, app, back["code"]))[1]["scope"]


@pytest.mark.parametrize(
    "changes",
    [{"redirect_uri": f"{BACK}/"}, {"redirect_uri": "https://evil.example.com/"}, {"client_id": "nobody"}],
    ids=["almost the address", "another address", "no such app"],
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(
    acme: Acme, app: OAuthApp, changes: dict[str, str]
) -> None:
    """The browser stays at PagerDuty, whether it asks or answers."""
    url, form = f"{acme.pd.url}/oauth/authorize", asking(app, **changes) | {"user": ALICE}
    async with (
        acme.session.get(url, params=form, allow_redirects=False) as asked,
        acme.session.post(url, data=form, allow_redirects=False) as answered,
    ):
        assert [400, 400] == [asked.status, answered.status]
        assert not [page for page in (asked, answered) if "Location" in page.headers]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
async def test_what_is_asked_wrongly_gets_no_code(
    acme: Acme, app: OAuthApp, changes: dict[str, str], word: str
) -> None:
    """A wrong type, no scope, and no challenge or a plain one, each has its error."""
    back = await allowed(acme, app, **changes)

    assert word == back["error"]
    assert "code" not in back


@pytest.mark.parametrize(
    ("changes", "status", "word"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"redirect_uri": f"{BACK}/"}, 400, "invalid_grant"),
        ({"code_verifier": "w" * 43}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_grant"),
        ({"code": "guessed"}, 400, "invalid_grant"),
    ],
)
async def test_a_code_is_exchanged_only_for_what_it_was_given_for(
    acme: Acme, app: OAuthApp, changes: dict[str, str], status: int, word: str
) -> None:
    """The app's secret, the very address and the verifier: one that does not fit gets no token."""
    code = (await allowed(acme, app))["code"]

    found, body = await exchanged(acme, app, **({"code": code} | changes))

    assert (status, word) == (found, body["error"])
    assert "access_token" not in body


async def test_a_code_works_once(acme: Acme, app: OAuthApp) -> None:
    """A second exchange is refused, also after one that failed, and so is another app's."""
    other = acme.pd.add_oauth_app(["users.read"], redirect_uris=[BACK])
    codes = [(await allowed(acme, app))["code"] for _ in range(3)]
    assert 200 == (await exchanged(acme, app, codes[0]))[0]
    assert 400 == (await exchanged(acme, app, codes[1], code_verifier="w" * 43))[0]

    again = [await exchanged(acme, app, code) for code in codes[:2]]
    stolen = await exchanged(acme, other, codes[2])

    assert ["invalid_grant"] * 3 == [body["error"] for _, body in (*again, stolen)]


async def test_a_code_is_good_for_half_a_minute(acme: Acme, app: OAuthApp) -> None:
    """After that it is exchanged for nothing."""
    code = (await allowed(acme, app))["code"]
    acme.pd.clock.advance(31)

    assert "invalid_grant" == (await exchanged(acme, app, code))[1]["error"]


def test_the_challenge_is_that_of_the_rfc() -> None:
    """The example in RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" == challenge_of(verifier)
    assert challenge_of(verifier) == urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().strip("=")
