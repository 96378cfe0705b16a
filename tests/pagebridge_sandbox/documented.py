"""
The vendors' documented field names, types, errors, scopes and rate limits, as facts in two tables of our own.

`python -m tests.pagebridge_sandbox.documented` derives the tables from the vendors' reference, where it is beside this
checkout. Texts and numbers are left out, so that a table says how an answer is built, and not what it says.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
TABLES = {vendor: Path(__file__).parent / vendor / "documented.json" for vendor in ("pagerduty", "slack")}
SAMPLES = {"pagerduty": REFERENCE / "pagerduty" / "samples", "slack": REFERENCE / "slack"}
WORDS = frozenset({"type", "event_type", "reason"})
"""Fields whose text is a word of the protocol."""


def documented(vendor: str, name: str) -> Any:  # noqa: ANN401 - JSON
    """Return what is documented under `name`: from our table, or whole from the reference; else the test is skipped."""
    table = read_table(vendor)
    if name in table:
        return table[name]
    path = SAMPLES[vendor] / name
    if not path.exists():
        pytest.skip("the vendors' reference is not beside this checkout")
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def read_table(vendor: str) -> Any:  # noqa: ANN401 - JSON
    """Return the facts about a vendor, by the name of the sample that they are from."""
    return json.loads(TABLES[vendor].read_text(encoding="utf-8"))


def derive(vendor: str) -> dict[str, Any]:
    """Derive a vendor's table from the reference."""
    return dict(_pagerduty() if vendor == "pagerduty" else _slack())


def _pagerduty() -> Iterator[tuple[str, Any]]:
    root = SAMPLES["pagerduty"]
    for path in sorted(root.glob("*/*.json")):
        if path.stem != "SIGNATURES" and "_webhook_subscriptions" not in path.stem:
            yield str(path.relative_to(root)), _shape(json.loads(path.read_text(encoding="utf-8")))
    operations = json.loads((root.parent / "openapi_subset.json").read_text(encoding="utf-8"))["paths"]
    yield (
        "scopes",
        {
            f"{method.upper()} {path}": operation["x-pd-requires-scope"]
            for path, methods in operations.items()
            for method, operation in methods.items()
            if isinstance(operation, dict) and "x-pd-requires-scope" in operation
        },
    )


def _slack() -> Iterator[tuple[str, Any]]:
    root = SAMPLES["slack"]
    for path in sorted(root.glob("payloads/*.json")):
        if path.stem not in {"acks", "errors"}:
            yield str(path.relative_to(root)), _shape(json.loads(path.read_text(encoding="utf-8")))
    for path in sorted(root.glob("api-ref/*.json")):
        page = json.loads(path.read_text(encoding="utf-8"))
        examples = {name: _shape(example) for name, example in page.get("examples", {}).items()}
        yield (
            str(path.relative_to(root)),
            {
                **({"rate_limits": page["rate_limits"]} if "rate_limits" in page else {}),
                "scope": {"bot": page.get("scope", {}).get("bot", [])},
                "errors": dict.fromkeys(page.get("errors", {}), ""),
                "output": _field_names(page.get("output") or {}),
                "examples": {name: each for name, each in examples.items() if name.startswith("success")},
            },
        )


def _field_names(schema: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the names of an object's fields, and below each those of its own fields."""
    return {
        name: _field_names(each) for name, each in (schema.get("properties") or {}).items() if isinstance(each, dict)
    }


def _shape(value: Any, name: str = "") -> Any:  # noqa: ANN401 - JSON
    """Return `value` with texts emptied but for protocol words, numbers 0, and the objects of a list merged."""
    if isinstance(value, dict):
        return {key: _shape(each, key) for key, each in value.items()}
    if isinstance(value, list):
        objects = [_shape(each) for each in value if isinstance(each, dict)]
        return [_merged(objects)] if objects else [_shape(each) for each in value[:1]]
    if isinstance(value, str):
        return value if name in WORDS else ""
    return 0 if type(value) in {int, float} else value


def _merged(objects: list[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for each in objects:
        for key, value in each.items():
            known = merged.get(key)
            if isinstance(known, dict) and isinstance(value, dict):
                merged[key] = _merged([known, value])
            elif isinstance(known, list) and isinstance(value, list) and isinstance((known + value + [0])[0], dict):
                merged[key] = [_merged(known + value)]
            else:
                merged[key] = known or value
    return merged


def main() -> None:
    """Write both tables."""
    for vendor, path in TABLES.items():
        path.write_text(json.dumps(derive(vendor), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
