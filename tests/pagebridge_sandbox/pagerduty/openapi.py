"""PagerDuty's OpenAPI description as JSON Schema, where it is at hand."""

import json
from functools import cache
from typing import Any

import jsonschema
import pytest

from tests.pagebridge_sandbox.documented import REFERENCE

DESCRIPTION = REFERENCE / "pagerduty" / "openapi_subset.json"


@cache
def _description() -> Any:  # noqa: ANN401 - JSON
    if not DESCRIPTION.exists():
        pytest.skip("the vendors' reference is not beside this checkout")
    return _to_json_schema(json.loads(DESCRIPTION.read_text(encoding="utf-8")))


def _to_json_schema(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Turn OpenAPI into JSON Schema: of alternatives, of which several fit a reference, any will do."""
    if isinstance(value, list):
        return [_to_json_schema(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {"anyOf" if name == "oneOf" else name: _to_json_schema(each) for name, each in value.items()}


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Drop what is null, which the description never allows and PagerDuty's own examples are full of."""
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: _without_nulls(each) for name, each in value.items() if each is not None}


def _validator(schema: Any) -> jsonschema.Draft4Validator:  # noqa: ANN401 - JSON
    return jsonschema.Draft4Validator({**schema, "components": _description()["components"]})


def response_violations(method: str, path: str, status: int, body: object) -> list[str]:
    """Say what is wrong with an answer, by the description of its operation."""
    answers = _description()["paths"][path][method.lower()]["responses"]
    if str(status) not in answers:
        return [f"{status} is not described"]
    answer = answers[str(status)]
    if "$ref" in answer:
        answer = _description()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    content = answer.get("content")
    if content is None:
        return [] if body == "" else ["there is to be no body"]
    errors = _validator(content["application/json"]["schema"]).iter_errors(_without_nulls(body))
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in errors]


def is_valid_body(method: str, path: str, body: object) -> bool:
    """Say whether a body is one that the description of its operation allows."""
    schema = _description()["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    return bool(_validator(schema).is_valid(body))
