"""JSON from outside, read so that whatever was read can be answered, stored and sent on."""

import json
import math
import re
from typing import Any, NoReturn

_SURROGATE = re.compile("[\ud800-\udfff]|\\\\u[dD][89a-fA-F]")
"""Half a surrogate pair, or an escape that may be one."""


def decode(text: str | bytes) -> Any:  # noqa: ANN401 - JSON
    """
    Decode JSON; bytes are UTF-8.

    Raises `ValueError` for anything else, for what is nested too deeply, for numbers beyond a float's range, and for
    half a surrogate pair, which can't be encoded.
    """
    words = text.decode() if isinstance(text, bytes) else text
    try:
        value = json.loads(words, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("It is nested too deeply") from None
    if _SURROGATE.search(words):
        _require_whole_characters(value)
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("A number is too large")
    return number


def _require_whole_characters(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("A text has half a character in it (a lone surrogate)") from None
