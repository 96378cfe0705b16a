"""The arguments of a call, however the client has encoded them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from pagebridge_sandbox.json_text import decode
from pagebridge_sandbox.slack.responses import Json, SlackError, invalid_arguments

TRUE = frozenset({"1", "true", "True"})
FALSE = frozenset({"", "0", "false", "False"})


@dataclass(frozen=True)
class Arguments:
    """
    Named values, read as the type that a method wants: forms carry only strings, and JSON inside strings.

    `encoding` says how they came: `none`, `query`, `form`, `multipart` or `json`, several joined by `+`; `warning` what
    Slack finds odd about that, empty for nothing. `token` is kept apart so that no log shows it; it is empty when there
    was none.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    encoding: str = "none"
    token: str = field(default="", repr=False)
    warning: str = ""

    def has(self, name: str) -> bool:
        """Whether there is such an argument and it is not null."""
        return self.values.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """Read a string; a number counts as its digits."""
        value = self.values.get(name)
        if value is None:
            return default
        if isinstance(value, bool | dict | list):
            raise invalid_arguments(f"must provide a string [json-pointer:/{name}]")
        return str(value)

    def flag(self, name: str) -> bool | None:
        """Read a boolean, None when it was not given."""
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return value
        if str(value) in TRUE | FALSE:
            return str(value) in TRUE
        raise invalid_arguments(f"must provide a boolean [json-pointer:/{name}]")

    def number(self, name: str, default: int, error: str = "invalid_arguments") -> int:
        """Read a whole number that is not negative. Raises `SlackError` with `error` when it is none."""
        value = self.values.get(name)
        if value in (None, ""):
            return default
        if not str(value).isascii() or not str(value).isdigit():
            raise SlackError(error)
        return int(str(value))

    def json(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Read JSON, which may be a string of JSON. Raises `ValueError` when it is none. Empty counts as absent."""
        value = self.values.get(name)
        if isinstance(value, str):
            return decode(value) if value else None
        return value


async def read_arguments(request: web.Request, *, takes_json: bool) -> Arguments:
    """
    Read the arguments of a call from its query and body. Raises `SlackError` when the body is not what it says it is.

    The token may stand in the Authorization header or in a form, not in a query (Slack refuses that for apps made since
    2021) nor in JSON. A method that does not take JSON sees nothing of it.
    """
    header = request.headers.get("Authorization", "")
    token = header[7:].strip() if header[:7].lower() == "bearer " else ""
    values: Json = {name: value for name, value in request.query.items() if name != "token"}
    encodings = ["query"] if values else []
    kind, body = await _read_body(request)
    if kind in ("form", "multipart"):
        token = token or str(body.pop("token", ""))
    if kind:
        encodings.append(kind)
    if kind != "json" or takes_json:
        values |= {name: value for name, value in body.items() if name != "token"}
    return Arguments(values, "+".join(encodings) or "none", token, _charset_warning(kind, request.charset))


def _charset_warning(kind: str, charset: str | None) -> str:
    """Return the warning about the charset of a body: JSON is to have one, a form is not (Web API page, warnings)."""
    if kind == "json":
        return "" if charset else "missing_charset"
    return "superfluous_charset" if kind and charset else ""


async def _read_body(request: web.Request) -> tuple[str, Json]:
    if not request.body_exists or request.method == "GET":
        return "", {}
    match request.content_type:
        case "application/json":
            return "json", _parse_object(await request.read())
        case "application/x-www-form-urlencoded":
            return "form", dict(await request.post())
        case "multipart/form-data":
            return "multipart", dict(await request.post())
    if not await request.read():
        return "", {}
    raise SlackError("missing_post_type" if "Content-Type" not in request.headers else "invalid_post_type")


def _parse_object(body: bytes) -> Json:
    try:
        value = decode(body or b"{}")
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(value, dict):
        raise SlackError("json_not_object")
    return value
