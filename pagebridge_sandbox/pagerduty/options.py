"""Options of the simulated account, for tests."""

from dataclasses import dataclass


@dataclass
class Options:
    """
    Choices where PagerDuty's documents leave a question open, and rules that a test may switch off.

    `lenient_repeats`: acknowledging or resolving twice is answered with 200 and the unchanged incident instead of 400.
    `enforce_roles`: a user acts only as far as their base role and team roles allow.
    `acknowledge_reassigns`: an acknowledge that changes the assignee says so with an event and a log entry of its own.
    `longest_page`: how many members of a list come in one answer, even if more are asked for and allowed.
    `teams_in_webhooks`, `teams_in_answers`: webhooks, and answers of the REST API, say which teams something belongs
    to; without the latter a team does not say either whether it is private.
    """

    lenient_repeats: bool = False
    enforce_roles: bool = True
    acknowledge_reassigns: bool = False
    longest_page: int = 100
    teams_in_webhooks: bool = True
    teams_in_answers: bool = True
