"""Pure: fills in the next step of a refusal by `bridge.toml`: whom to ask, or how people link themselves."""

from dataclasses import replace

from shared.config.people_config import IdentityConfig
from shared.model.outcome import Declined

CONTACT = "{contact}"
"""Stands in a next step for the contact that `bridge.toml` names."""
ASK_OPERATOR = f"Ask {CONTACT} to link you"
LINK = "{link}"
"""Stands in a next step for how a person comes to be linked: by themselves, where they can, or as `ASK_OPERATOR`."""
LINK_YOURSELF = {"oauth": "Run the `link` command to link yourself", "admin": "Run the `link` command to be linked"}


def completed(declined: Declined, config: IdentityConfig) -> Declined:
    """Return a refusal with the next step as configured: whom to ask, or that people can link themselves."""
    step = declined.outcome.next_step
    can_link = LINK in step and config.linking != "off"
    step = step.replace(LINK, LINK_YOURSELF.get(config.linking, ASK_OPERATOR)).replace(CONTACT, config.contact)
    return Declined(replace(declined.outcome, next_step=step, can_link=can_link))
