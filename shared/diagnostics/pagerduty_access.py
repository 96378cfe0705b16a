"""Why PagerDuty refuses the API key or the app: asked further, so that each cause is named by its own words."""

from shared.config.errors import Problem
from shared.diagnostics.credential_checks import pagerduty_scopes
from shared.errors import BadCredentials, CallError, Refused
from shared.pagerduty.api.auth import INVALID_CLIENT, SCOPES, NoToken
from shared.pagerduty.api.client import PagerDuty

KEY = "create a REST API key with full access (Integrations, API Access Keys)"
ALL_SCOPES = "give the app every scope in docs/security.md"


async def rejection(pagerduty: PagerDuty, error: Refused) -> Problem:
    """Return what is wrong with the credentials that PagerDuty refused, and the fix."""
    if isinstance(error, NoToken) and error.word == INVALID_CLIENT:
        return unknown_app(error)
    try:
        if pagerduty.has_key:
            elsewhere = await pagerduty.other_region() if isinstance(error, BadCredentials) else ""
            return wrong_region(elsewhere) if elsewhere else key(error)
        if isinstance(error, NoToken):
            return await _no_token(pagerduty, error)
    except CallError:
        # Without an answer the cause stays unknown, so the refusal itself is reported below.
        pass
    return pagerduty_scopes(pagerduty.missing_scopes) or app(error)


async def _no_token(pagerduty: PagerDuty, error: NoToken) -> Problem:
    granted = await pagerduty.granted_scopes()
    if granted and (lacking := pagerduty_scopes(SCOPES.keys() - granted)):
        return lacking
    elsewhere = "" if granted else await pagerduty.other_region()
    return wrong_region(elsewhere) if elsewhere else wrong_account(error)


def key(error: Refused) -> Problem:
    """Explain why an API key was refused: PagerDuty does not know it, or it may do too little."""
    if isinstance(error, BadCredentials):
        return Problem(f"PagerDuty rejects PAGERDUTY_API_TOKEN ({error})", f"copy it again, or {KEY}")
    return Problem(f"PagerDuty accepts PAGERDUTY_API_TOKEN, but doesn't let it read everything ({error})", KEY)


def unknown_app(error: Refused) -> Problem:
    """Explain that PagerDuty knows no app by this id and secret."""
    return Problem(
        f"PagerDuty doesn't accept PAGERDUTY_CLIENT_ID with this PAGERDUTY_CLIENT_SECRET ({error})",
        "copy both again from the app's page in PagerDuty, or make a new secret there",
    )


def wrong_region(url: str) -> Problem:
    """Explain that the account is in PagerDuty's other region, at `url`."""
    return Problem("the PagerDuty account is in the other service region", f"set PAGERDUTY_API_URL={url}")


def wrong_account(error: Refused) -> Problem:
    """Explain that the app is known, and is given nothing for this account."""
    return Problem(
        f"PagerDuty knows the app, but gives it no token for this account ({error})",
        f"check PAGERDUTY_SUBDOMAIN, and the region in PAGERDUTY_API_URL; {ALL_SCOPES}",
    )


def app(error: Refused) -> Problem:
    """Explain that an app with a good token may not read what is needed, or why it got none."""
    if isinstance(error, BadCredentials):
        return Problem(f"PagerDuty rejects the app ({error})", "check PAGERDUTY_CLIENT_ID and PAGERDUTY_CLIENT_SECRET")
    return Problem(f"PagerDuty accepts the app, but doesn't let it read everything ({error})", ALL_SCOPES)
