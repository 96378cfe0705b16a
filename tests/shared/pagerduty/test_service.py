"""What PagerDuty tells of an account: services, priorities, abilities, webhook subscriptions."""

import pytest

from shared.errors import Malformed
from shared.pagerduty.models import service as service_model
from shared.pagerduty.models import webhook_subscription as webhook_subscription_model
from tests.shared.pagerduty.responses import service, subscription


def test_a_service() -> None:
    """A service has a policy, teams, and a time for which acknowledgements last."""
    read = service_model.parse_service({"service": service()})
    assert (read.id, read.name, read.acknowledgement_timeout) == ("PSVC001", "checkout-api", 1800)
    assert read.escalation_policy is not None
    assert read.escalation_policy.name == "Payments on-call"
    assert [team.id for team in read.teams] == ["PTEAM01"]
    assert service_model.parse_services({"services": [service()]}) == (read,)


@pytest.mark.parametrize("seconds", [None, 0])
def test_acknowledgements_that_last(seconds: int | None) -> None:
    """Nothing and zero both mean that an acknowledgement does not end by itself."""
    assert (
        service_model.parse_service({"service": service(acknowledgement_timeout=seconds)}).acknowledgement_timeout
        is None
    )


def test_priorities_and_abilities() -> None:
    """Priorities keep PagerDuty's order; abilities are names."""
    listed = [{"id": "PP1", "name": "P1", "description": "Critical"}, {"id": "PP2", "name": "P2", "description": None}]
    assert service_model.parse_priorities({"priorities": listed}) == (
        service_model.Priority("PP1", "P1", "Critical"),
        service_model.Priority("PP2", "P2", ""),
    )
    assert service_model.parse_abilities({"abilities": ["teams", "urgencies"]}) == {"teams", "urgencies"}
    with pytest.raises(Malformed):
        service_model.parse_abilities({"abilities": "teams"})


def test_a_subscription() -> None:
    """A subscription tells where it delivers what about what, and never its secret."""
    read = webhook_subscription_model.parse_subscription({"webhook_subscription": subscription()})
    assert (read.url, read.scope, read.scope_id) == ("https://bridge.example.com/pagerduty", "team", "PTEAM01")
    assert read.events == {"incident.triggered", "incident.resolved"}
    assert (read.active, read.disabled) == (True, False)


def test_a_subscription_that_pagerduty_switched_off() -> None:
    """`disabled` is PagerDuty's doing, `active` the owner's."""
    delivery = {"url": "https://bridge.example.com/pagerduty", "temporarily_disabled": True, "secret": "s3cret"}
    listed = [subscription(delivery_method=delivery, active=False, filter={"type": "account_reference"})]
    (read,) = webhook_subscription_model.parse_subscriptions({"webhook_subscriptions": listed})
    assert (read.active, read.disabled, read.scope, read.scope_id) == (False, True, "account", "")
    assert "s3cret" not in repr(read)
