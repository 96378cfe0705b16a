"""The complete log of the calls that an app has made."""

from dataclasses import dataclass

from pagebridge_sandbox.slack.responses import Json


@dataclass
class Call:
    """
    One call. `method` is the name in the Web API, or `response_url`.

    `http_status`, `ok` and `error` are what was answered: all None while there is no answer yet, `error` is `dropped`
    when the connection was cut instead. `took_effect` says whether it was carried out, with any answer;
    `injected` says that a fault caused the answer. Times are in seconds since the epoch.
    """

    method: str
    arguments: Json
    encoding: str
    time: float
    http_status: int | None = None
    ok: bool | None = None
    error: str | None = None
    took_effect: bool = False
    injected: bool = False
    answered_at: float | None = None

    @property
    def channel(self) -> str | None:
        """The channel that the call names."""
        named = self.arguments.get("channel")
        return named if isinstance(named, str) else None
