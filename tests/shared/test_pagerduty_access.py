"""Why PagerDuty refuses: a wrong secret, a missing scope and the wrong region each have their own words."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import pytest

from pagebridge_sandbox.pagerduty import Fault, PagerDutySandbox
from shared.diagnostics.pagerduty_access import rejection
from shared.errors import Refused
from shared.pagerduty.api import client
from shared.pagerduty.api.auth import SCOPES, OAuthApp
from shared.pagerduty.api.client import PagerDuty


@dataclass(frozen=True)
class Regions:
    """An account here, and nothing of it in the other region."""

    here: PagerDutySandbox
    there: PagerDutySandbox

    async def said(self, url: str, credentials: str | OAuthApp) -> str:
        """Call PagerDuty, and give what is then said of its refusal."""
        async with aclosing(PagerDuty(credentials, url)) as door:
            with pytest.raises(Refused) as refused:
                await door.users_by_query("")
            return str(await rejection(door, refused.value))

    async def of_app(self, *, account: str = "us.acme", secret: str = "", scopes: frozenset[str] | None = None) -> str:
        """Do the same with an app that has these `scopes` for the account `us.acme`."""
        app = self.here.add_oauth_app(SCOPES if scopes is None else scopes)
        access = OAuthApp(app.client_id, secret or app.secret, account, self.here.url)
        return await self.said(self.there.url if account.startswith("eu") else self.here.url, access)


@pytest.fixture
async def regions(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Regions]:
    """Run both regions of PagerDuty."""
    async with PagerDutySandbox() as here, PagerDutySandbox() as there:
        monkeypatch.setattr(client, "OTHER_REGION", {here.url: there.url, there.url: here.url})
        yield Regions(here, there)


async def test_a_key_that_nobody_knows(regions: Regions) -> None:
    """Neither region does."""
    said = await regions.said(regions.here.url, "a-bad-key")
    assert "PagerDuty rejects PAGERDUTY_API_TOKEN" in said
    assert "a-bad-key" not in said


async def test_a_key_of_the_other_region(regions: Regions) -> None:
    """The address to set is named."""
    said = await regions.said(regions.there.url, regions.here.token)
    assert f"the PagerDuty account is in the other service region: set PAGERDUTY_API_URL={regions.here.url}" == said


async def test_a_key_that_may_do_too_little(regions: Regions) -> None:
    """PagerDuty knows it, so nothing is wrong with how it was copied."""
    regions.here.add_fault(Fault("GET", "/users", status=403, code=2010))
    said = await regions.said(regions.here.url, regions.here.token)
    assert "accepts PAGERDUTY_API_TOKEN" in said
    assert "full access" in said
    assert [] == regions.there.calls


async def test_a_wrong_secret_of_an_app(regions: Regions) -> None:
    """It is told without asking further."""
    said = await regions.of_app(secret="wr0ng")
    assert "doesn't accept PAGERDUTY_CLIENT_ID with this PAGERDUTY_CLIENT_SECRET" in said
    assert 1 == len(regions.here.calls)


async def test_a_scope_that_an_app_lacks_is_named(regions: Regions) -> None:
    """PagerDuty refuses all for one that is missing, and does not say which: each is asked for by itself."""
    said = await regions.of_app(scopes=frozenset(SCOPES) - {"teams.read", "users.read"})
    assert "the PagerDuty app lacks the scopes teams.read, users.read: add them (docs/security.md)" == said


async def test_an_account_of_the_other_region(regions: Regions) -> None:
    """The app is given its token for the same subdomain there."""
    assert f"set PAGERDUTY_API_URL={regions.here.url}" in await regions.of_app(account="eu.acme")


async def test_another_account(regions: Regions) -> None:
    """The app is known, and is given nothing for that subdomain in either region."""
    said = await regions.of_app(account="us.ecma")
    assert "gives it no token for this account" in said
    assert "PAGERDUTY_SUBDOMAIN" in said


async def test_what_cannot_be_found_out_is_not_claimed(regions: Regions) -> None:
    """PagerDuty stops to answer while it is asked further: what it said first is told."""
    app = regions.here.add_oauth_app(["users.read"])
    async with aclosing(
        PagerDuty(OAuthApp(app.client_id, app.secret, "us.acme", regions.here.url), regions.here.url)
    ) as door:
        with pytest.raises(Refused) as refused:
            await door.users_by_query("")
        regions.here.add_fault(Fault("POST", "/oauth/token", status=503))
        assert "PagerDuty rejects the app (PagerDuty gave no token and said invalid_scope)" in str(
            await rejection(door, refused.value)
        )
