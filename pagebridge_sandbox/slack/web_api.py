"""The Web API over HTTP: who calls, may they, is it too often, and then the method itself."""

from dataclasses import replace

from aiohttp import web

from pagebridge_sandbox.slack.arguments import Arguments, read
from pagebridge_sandbox.slack.limits import Throttle
from pagebridge_sandbox.slack.methods import METHODS
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.request_pipeline import Gate
from pagebridge_sandbox.slack.responses import Answer, SlackError, invalid_arguments
from pagebridge_sandbox.slack.workspace import Workspace

TOO_MANY = 429


class WebApi:
    """Answers `/api/{method}`. `paced` says whether the rate limits hold."""

    def __init__(self, workspace: Workspace, gate: Gate, throttle: Throttle, *, paced: bool) -> None:
        self._workspace = workspace
        self._gate = gate
        self._throttle = throttle
        self.paced = paced

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        name = request.match_info["method"]
        method = METHODS.get(name)
        try:
            arguments, flaw = await read(request, takes_json=method is None or method.takes_json), None
        except SlackError as error:
            arguments, flaw = Arguments(), error
        call = self._gate.arrived(name, arguments)

        def perform() -> Answer:
            try:
                answer = self._perform(request.method, name, method, arguments, flaw)
            except SlackError as error:
                answer = Answer(error.body)
            return _warned(answer, arguments.warning)

        return await self._gate.answer(request, call, perform)

    def _perform(
        self, verb: str, name: str, method: Method | None, arguments: Arguments, flaw: SlackError | None
    ) -> Answer:
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        if flaw:
            raise flaw
        self._authenticate(method, arguments)
        if self.paced and (wait := self._throttle.retry_after(name, method.tier, _channel(arguments))):
            return Answer({"ok": False, "error": "ratelimited"}, TOO_MANY, {"Retry-After": str(wait)})
        if method.post_only and verb != "POST":
            raise SlackError("insecure_request")
        headers = self._scope_headers(method)
        try:
            return Answer({"ok": True, **self._carry_out(method, arguments)}, headers=headers)
        except SlackError as error:
            return Answer(error.body, headers=headers)

    def _carry_out(self, method: Method, arguments: Arguments) -> dict[str, object]:
        scopes = self._workspace.bot_scopes
        if method.scopes and not scopes & set(method.scopes):
            raise SlackError("missing_scope", needed=",".join(method.scopes), provided=",".join(sorted(scopes)))
        missing = [f"missing required field: {name}" for name in method.required if not arguments.given(name)]
        if missing:
            raise invalid_arguments(*missing)
        return method.handle(self._workspace, arguments)

    def _authenticate(self, method: Method, arguments: Arguments) -> None:
        token, workspace = arguments.token, self._workspace
        if not method.tokens:
            return
        if not token:
            raise SlackError("missing_args" if method.tokens == ("app",) else "not_authed")
        kinds = {workspace.bot_token: "bot", workspace.app_token: "app"}
        if token not in kinds:
            raise SlackError("invalid_auth")
        if kinds[token] not in method.tokens:
            raise SlackError("invalid_auth" if method.tokens == ("app",) else "not_allowed_token_type")

    def _scope_headers(self, method: Method) -> dict[str, str]:
        if "bot" not in method.tokens:
            return {}
        granted = ",".join(sorted(self._workspace.bot_scopes))
        return {"x-oauth-scopes": granted, "x-accepted-oauth-scopes": ",".join(method.scopes)}


def _warned(answer: Answer, warning: str) -> Answer:
    """Add a warning to an answer, beside those that it has."""
    if not warning or not isinstance(answer.body, dict):
        return answer
    about = answer.body.get("response_metadata", {})
    warnings = [*about.get("warnings", []), warning]
    body = answer.body | {"warning": ",".join(warnings), "response_metadata": {**about, "warnings": warnings}}
    return replace(answer, body=body)


def _channel(arguments: Arguments) -> str | None:
    named = arguments.values.get("channel")
    return named if isinstance(named, str) else None
