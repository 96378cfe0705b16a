"""Which channels learn nothing more of an incident that has come to belong to a private team."""

from shared.model.ids import ChannelId, TeamId
from shared.model.privacy import Privacy

PAYMENTS, SECRET, OTHER = TeamId("PPAY001"), TeamId("PSECRET"), TeamId("POTHER1")
DEFAULT, DUTY, VAULT = ChannelId("C0DEFAULT"), ChannelId("C0DUTY"), ChannelId("C0VAULT")
PUBLIC = Privacy(frozenset({PAYMENTS}))
SHUT = Privacy(frozenset({SECRET}), frozenset({DEFAULT, DUTY}))


def test_where_no_route_names_the_channel_nothing_more_is_told() -> None:
    """The default channel and those of an earlier route are shut; what the route of now names is not."""
    assert SHUT == PUBLIC.decided([SECRET], [DEFAULT, DUTY, VAULT], [VAULT], private=True)


def test_a_route_that_comes_later_opens_its_channel() -> None:
    """Somebody wrote it down for such incidents."""
    assert frozenset({DEFAULT}) == SHUT.decided([SECRET], [DEFAULT, DUTY], [DUTY], private=True).hidden_in


def test_the_same_people_go_on_looking() -> None:
    """A private team's incident stays where a route once named the channel, whatever route takes it later."""
    known = Privacy(frozenset({SECRET}))

    assert known == known.decided([SECRET], [DUTY], [], private=False)
    assert frozenset({DUTY}) == known.decided([OTHER], [DUTY], [], private=True).hidden_in


def test_a_public_team_opens_all() -> None:
    """Then PagerDuty shows everything to everybody."""
    assert PUBLIC == SHUT.decided([PAYMENTS], [DEFAULT, DUTY], [], private=False)
