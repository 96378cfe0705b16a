"""The Web API over HTTP: who calls, may they, is it too often, and then the method itself."""

from dataclasses import replace

from aiohttp import web

from pagebridge_sandbox.slack.arguments import Arguments, read_arguments
from pagebridge_sandbox.slack.limits import RateLimitEnforcer
from pagebridge_sandbox.slack.methods import METHODS
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.request_pipeline import RequestPipeline
from pagebridge_sandbox.slack.responses import Response, SlackError, invalid_arguments
from pagebridge_sandbox.slack.workspace import Workspace

TOO_MANY_REQUESTS = 429


class WebApi:
    """Answers `/api/{method}`. `enforce_rate_limits` says whether the rate limits hold."""

    def __init__(
        self,
        workspace: Workspace,
        pipeline: RequestPipeline,
        rate_limiter: RateLimitEnforcer,
        *,
        enforce_rate_limits: bool,
    ) -> None:
        self._workspace = workspace
        self._pipeline = pipeline
        self._rate_limiter = rate_limiter
        self.enforce_rate_limits = enforce_rate_limits

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        name = request.match_info["method"]
        method = METHODS.get(name)
        try:
            arguments, parse_error = await read_arguments(request, takes_json=method is None or method.takes_json), None
        except SlackError as error:
            arguments, parse_error = Arguments(), error
        call = self._pipeline.record_call(name, arguments)

        def perform() -> Response:
            try:
                answer = self._perform(request.method, name, method, arguments, parse_error)
            except SlackError as error:
                answer = Response(error.body)
            return _with_warning(answer, arguments.warning)

        return await self._pipeline.handle(request, call, perform)

    def _perform(
        self, verb: str, name: str, method: Method | None, arguments: Arguments, parse_error: SlackError | None
    ) -> Response:
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        if parse_error:
            raise parse_error
        self._authenticate(method, arguments)
        if self.enforce_rate_limits and (
            wait := self._rate_limiter.retry_after(name, method.tier, _channel(arguments))
        ):
            return Response({"ok": False, "error": "ratelimited"}, TOO_MANY_REQUESTS, {"Retry-After": str(wait)})
        if method.post_only and verb != "POST":
            raise SlackError("insecure_request")
        headers = self._scope_headers(method)
        try:
            return Response({"ok": True, **self._call_method(method, arguments)}, headers=headers)
        except SlackError as error:
            return Response(error.body, headers=headers)

    def _call_method(self, method: Method, arguments: Arguments) -> dict[str, object]:
        scopes = self._workspace.bot_scopes
        if method.scopes and not scopes & set(method.scopes):
            raise SlackError("missing_scope", needed=",".join(method.scopes), provided=",".join(sorted(scopes)))
        missing = [f"missing required field: {name}" for name in method.required if not arguments.has(name)]
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
        if workspace.token_revoked and kinds[token] == "bot":
            raise SlackError("token_revoked")

    def _scope_headers(self, method: Method) -> dict[str, str]:
        if "bot" not in method.tokens:
            return {}
        granted = ",".join(sorted(self._workspace.bot_scopes))
        return {"x-oauth-scopes": granted, "x-accepted-oauth-scopes": ",".join(method.scopes)}


def _with_warning(answer: Response, warning: str) -> Response:
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
