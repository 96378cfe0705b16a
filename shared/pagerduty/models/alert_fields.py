"""Pure: single fields of an alert by their paths. No field can fail: what cannot be shown has a reason instead."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from shared.model.card_content import LONGEST_ADDRESS, CardPart
from shared.model.enrichment import Link
from shared.pagerduty.models.fields import written
from shared.pagerduty.models.incident_parts import Alert

LONGEST_VALUE = 200
"""Characters of a value; a longer one is left out, because half of a value says something else."""


def chosen_fields(alert: Alert, paths: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return each path at which something is that can be shown, with it."""
    values = ((path, field_value(alert, path).text) for path in paths)
    return tuple((path, text) for path, text in values if text)


def is_safe_image(image: Link) -> bool:
    """True if an image may be linked: by https, at an address without a user's name in it and not without end."""
    try:
        address = urlsplit(image.href)
    except ValueError:
        return False
    plain = image.href.isascii() and image.href.isprintable() and " " not in image.href
    named = bool(address.hostname) and "@" not in address.netloc
    return address.scheme == "https" and named and plain and len(image.href) <= LONGEST_ADDRESS


def field_value(alert: Alert, path: str) -> CardPart:
    """Look up a path, such as `severity` or `details.pod.node`; the names of details may have dots themselves."""
    found: object = {"severity": alert.severity, "details": alert.raw_details}
    steps = path.split(".")
    while steps:
        known = found if isinstance(found, Mapping) else {}
        ends = range(len(steps), 0, -1)
        end = next((end for end in ends if ".".join(steps[:end]) in known), 0)
        if not end:
            return CardPart(left_out="missing")
        found, steps = known[".".join(steps[:end])], steps[end:]
    if isinstance(found, Mapping | list):
        return CardPart(left_out="not_scalar")
    text = written(found).strip()
    if len(text) > LONGEST_VALUE:
        return CardPart(left_out="too_long")
    return CardPart(text) if text else CardPart(left_out="missing")
