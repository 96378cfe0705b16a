"""
Whether a delivery is PagerDuty's: HMAC-SHA256 over the raw body. Pure.

Source: PagerDuty's developer documentation, "Verifying Signatures": the header holds `v1=<64 hex digits>`, or several
while secrets are being changed. The key is the secret's text as PagerDuty shows it.
"""

import hmac
from collections.abc import Sequence

HEADER = "X-PagerDuty-Signature"
MOST_CANDIDATES = 16
"""Signatures looked at in one delivery. PagerDuty sends one for each secret in force, so more is an attack."""

_VERSION = "v1="


def verify(body: bytes, headers: Sequence[str], secrets: Sequence[str]) -> bool:
    """
    True if any of `secrets` made any of the signatures in `headers`, the values of all signature headers.

    Never raises. Every secret is compared with every signature, so that the timing does not reveal which one matched.
    An empty secret matches nothing: anyone could sign with it.
    """
    candidates = _candidates(headers)
    expected = [_signature(body, secret) for secret in secrets if secret]
    fits = [hmac.compare_digest(one, candidate) for one in expected for candidate in candidates]
    return any(fits)


def _candidates(headers: Sequence[str]) -> list[bytes]:
    parts = [part.strip() for part in ",".join(headers).split(",")]
    # Bytes, because comparing texts raises for anything outside ASCII; surrogates stand for bytes that are not UTF-8.
    signatures = [part.encode("utf-8", "surrogatepass") for part in parts if part.startswith(_VERSION)]
    return signatures[:MOST_CANDIDATES]


def _signature(body: bytes, secret: str) -> bytes:
    digest = hmac.digest(secret.encode("utf-8", "surrogatepass"), body, "sha256")
    return f"{_VERSION}{digest.hex()}".encode()
