"""Checks that need no network: settings, their file modes, and `bridge.toml`."""

import os
import stat
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from pagebridge.cli.checks.findings import Check, Verdict, failed, passed, warned
from pagebridge.cli.checks.switched_on import switched_on
from pagebridge.cli.clients import is_receivers_alone, loaded
from pagebridge.cli.env_file import ENV, SECRETS, names, value
from pagebridge.cli.place import redis_url_given
from shared.config.bridge_config import BridgeConfig, RouteConfig
from shared.config.bridge_file import load_bridge_config
from shared.config.errors import Misconfigured
from shared.config.settings import PagerDutySettings, ReceiverSettings, Settings, load
from shared.http.proxy import VARIABLES, host_of, proxy_for

NO_STORE = "redis://unset.invalid"
"""Stands for the embedded Valkey, whose address is not needed."""
NEAR = 0.8
"""How much a name has in common with a setting's, from 0 to 1, if it was meant."""


def everything(config: Path, env: Path = ENV) -> list[Check]:
    """Check the settings, `.env` and `bridge.toml`."""
    files = [Check(".env", verdict) for verdict in (private(env), mistyped(env)) if verdict]
    return [*settings(), *files, *bridge_toml(config)]


def settings() -> list[Check]:
    """Check every setting of both processes, one finding for each that is wrong. REDIS_URL need not be set."""
    alone = is_receivers_alone()
    try:
        found = load(ReceiverSettings if alone else Settings, **({} if redis_url_given() else {"redis_url": NO_STORE}))
    except Misconfigured as error:
        return [Check("settings", _wrong(problem)) for problem in error.problems]
    if not isinstance(found, Settings):
        what = "no token of Slack's or PagerDuty's is set on this machine: only a receiver can run here"
        return [Check("settings", warned(what, "where a worker is to run, `pagebridge init` sets them"))]
    proxies = called(found.slack_api_url, found.pagerduty_api_url)
    return [Check("settings", passed("all required settings are set and valid")), Check("proxies", proxies)]


def called(*urls: str) -> Verdict:
    """Name the proxies through which Slack and PagerDuty are called."""
    given = {name for name in VARIABLES for spelled in (name, name.upper()) if spelled in os.environ}
    unread = [name.upper() for name in VARIABLES if name not in given and (value(name) or value(name.upper()))]
    if unread:
        what = f"{', '.join(unread)} in {ENV} {'have' if len(unread) > 1 else 'has'} no effect"
        return warned(what, "proxies are read from the environment only: set it where the processes are started")
    return passed("; ".join(dict.fromkeys(f"{urlsplit(url).hostname}: {_way(proxy_for(url))}" for url in urls)))


def private(env: Path) -> Verdict:
    """Check that no other user of this machine can read the secrets."""
    if not env.exists():
        return passed(f"no {env}; settings come from the environment")
    mode = stat.S_IMODE(env.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return warned(f"{env} holds secrets and other users can read it (mode {mode:o})", f"chmod 600 {env}")
    return passed(f"only the owner can read {env}")


def mistyped(env: Path) -> Verdict | None:
    """Find names that are almost those of a setting; others may be meant for another program."""
    known = [name.upper() for name in (*Settings.model_fields, *VARIABLES, "port")]
    unknown = [name for name in names(env) if name.upper() not in known]
    meant = [(name, close[0]) for name in unknown if (close := get_close_matches(name.upper(), known, 1, NEAR))]
    if not meant:
        return None
    what = ", ".join(f"{name} (did you mean {close}?)" for name, close in meant)
    return warned(f"unknown names have no effect: {what}", f"correct them in {env}, or remove them")


def bridge_toml(path: Path) -> list[Check]:
    """Check that the file can be understood, and that incidents can go somewhere by it."""
    name = str(path)
    if not path.exists():
        return [
            Check(name, failed(f"{path} is missing: no incident is shown anywhere", "`pagebridge init` writes one"))
        ]
    try:
        config = load_bridge_config(path)
    except Misconfigured as error:
        return [Check(name, failed(problem, f"correct {path}")) for problem in error.problems]
    more = unreachable(config), sign_in(config)
    return [Check(name, destination(config)), *(Check(name, verdict) for verdict in more if verdict)]


def optional_parts(path: Path) -> list[Check]:
    """List what the file switches on, none where it can't be understood."""
    try:
        return switched_on(load_bridge_config(path)) if path.exists() else []
    except Misconfigured:
        return []


def destination(config: BridgeConfig) -> Verdict:
    """Check that every incident has somewhere to go."""
    routing = config.routing
    if not routing.default_channel and not routing.routes:
        return failed("names no channel: no incident is shown anywhere", "set routing.default_channel")
    if not routing.default_channel and not any(map(_takes_all, routing.routes)):
        what = "without routing.default_channel, incidents that match no route are not shown"
        return warned(what, "set it, or end with a route that matches every incident")
    return passed(f"{len(routing.routes)} routes, default channel {routing.default_channel or 'none'}")


def unreachable(config: BridgeConfig) -> Verdict | None:
    """Find routes behind one that takes everything."""
    takes_all = [_takes_all(route) for route in config.routing.routes]
    if True not in takes_all[:-1]:
        return None
    first = takes_all.index(True) + 1
    what = f"routing.routes[{first}] matches every incident, so later routes never match"
    return warned(what, "move it to the end, or add a service, team, urgency or priority")


def sign_in(config: BridgeConfig) -> Verdict | None:
    """Check that there is an app for signing in, if people link themselves; other checks report invalid settings."""
    settings = loaded(PagerDutySettings) if config.identity.linking == "oauth" else None
    if settings is None or settings.pagerduty_link_client_id or settings.pagerduty_client_id:
        return None
    fix = "set PAGERDUTY_LINK_CLIENT_ID and PAGERDUTY_LINK_CLIENT_SECRET (docs/permissions.md)"
    return failed('with linking = "oauth" people sign in to PagerDuty, and no app for that is set', fix)


def _wrong(problem: str) -> Verdict:
    """Return what is wrong with a setting, and where it was set."""
    what, _, meaning = problem.partition(". ")
    if "is not set" not in what:
        return failed(what, f"fix it: {meaning}" if meaning else "fix it")
    if what.startswith(SECRETS):
        # A worker's own machine has no need of it, and whether the receiver has it shows when a ping comes.
        fix = (
            "where the receiver runs, `pagebridge webhook create --write-env` sets it, "
            "or `pagebridge webhook rotate --write-env` if there is a subscription already"
        )
        return warned(f"{what} on this machine", fix)
    return failed(what, f"`pagebridge init` sets it: {meaning}")


def _way(proxy: str | None) -> str:
    return f"through {host_of(proxy)}" if proxy else "called directly"


def _takes_all(route: RouteConfig) -> bool:
    return not (route.service or route.team or route.urgency or route.priority)
