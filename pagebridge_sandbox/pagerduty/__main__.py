"""`python -m pagebridge_sandbox.pagerduty`: the simulator by itself, with a small sample account."""

import argparse
import asyncio
import contextlib
import sys

from pagebridge_sandbox.pagerduty.sandbox import PagerDutySandbox

GUIDE = """\
A PagerDuty account is up. Give the program under test:
  PAGERDUTY_API_URL={pd.url}
  PAGERDUTY_API_TOKEN={pd.token}

People: {people}
Services: {services}

Look around and act with HTTP:
  curl {control}                                    this, as JSON, with every endpoint
  curl {control}calls                               every call to the API; also: deliveries, incidents, faults, holds
  curl {control}subscriptions -d '{{"url": "http://127.0.0.1:8080/webhooks/pagerduty", "secrets": ["a secret"]}}'
  curl {control}trigger -d '{{"service_id": "PCHECK1", "title": "Checkout latency over 2s"}}'
  curl {control}web -d '{{"user": "PBOB001", "verb": "acknowledge", "incident_id": "1"}}'
  curl {control}automation -d '{{"verb": "unacknowledge", "incident_id": "1"}}'
  curl {control}faults -d '{{"method": "PUT", "path": "/incidents/*", "status": 503, "times": 2}}'
  curl {control}webhooks/duplicate_next -d '{{"n": 1, "same_id": false}}'
  curl {control}webhooks/reverse_next -d '{{"n": 2}}'
  curl {control}webhooks/misbehave -d '{{"seed": 1, "lose": 0.1, "duplicate": 0.2, "reorder": 0.2}}'
  curl {control}clock/advance -d '{{"seconds": 1800}}'
Ctrl-C ends it."""


def furnish(pd: PagerDutySandbox) -> None:
    """Hire a few people, and give them a service that can break."""
    alice = pd.add_user("Alice Ng", "alice@example.com", role="admin", id="PALICE1")
    bob = pd.add_user("Bob Ray", "bob@example.com", role="limited_user", id="PBOB001")
    carol = pd.add_user("Carol Díaz", "carol@example.com", role="limited_user", id="PCAROL1")
    pd.add_user("Olga Observer", "olga@example.com", role="observer", id="POLGA01")
    payments, search = pd.add_team("Payments", id="PPAYTM1"), pd.add_team("Search", id="PSEART1")
    for user in (alice, bob):
        pd.add_member(payments.id, user.id, "responder")
    pd.add_member(search.id, carol.id, "responder")
    policy = pd.add_escalation_policy("Payments on-call", [[alice.id], [bob.id]], [payments], id="PPAYEP1")
    pd.add_service("checkout-api", policy.id, id="PCHECK1")
    for number in range(1, 4):
        pd.add_priority(f"P{number}")


async def serve(port: int) -> None:
    """Run until cancelled."""
    async with PagerDutySandbox(port=port) as pd:
        furnish(pd)
        people = ", ".join(f"{user.name} {user.id}" for user in pd.users)
        services = ", ".join(f"{service.name} {service.id}" for service in pd.services)
        sys.stdout.write(GUIDE.format(pd=pd, people=people, services=services, control=f"{pd.url}/_sandbox/") + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Read the command line, and run until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m pagebridge_sandbox.pagerduty", description=__doc__)
    parser.add_argument("--port", type=int, default=9001, help="0 takes a free one (default: %(default)s)")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
