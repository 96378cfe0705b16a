"""The common parts of every answer of the simulated Slack."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
"""A JSON object, as it goes over the wire."""


class SlackError(Exception):
    """Raised to refuse a call with one of Slack's error codes. `details` stand beside the code in the answer."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    @property
    def body(self) -> Json:
        """The answer: `ok` false, the code, and the details."""
        return {"ok": False, "error": self.code, **self.details}


def invalid_arguments(*messages: str) -> SlackError:
    """Refuse arguments, saying what is wrong with each."""
    return SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in messages]})


@dataclass(frozen=True)
class Response:
    """The answer to one call. A text body is sent as it is; Slack's own outages answer without JSON too."""

    body: Json | str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether a client reads this as a success."""
        return self.status == 200 and isinstance(self.body, dict) and self.body.get("ok") is True  # noqa: PLR2004 - HTTP

    @property
    def error(self) -> str | None:
        """The error code, or the status of an answer without one."""
        if self.ok:
            return None
        code = self.body.get("error") if isinstance(self.body, dict) else None
        return str(code or f"http_{self.status}")
