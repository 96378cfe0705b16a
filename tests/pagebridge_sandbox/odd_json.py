"""Bodies that some JSON parsers take, and that would do harm later."""

DEEP = b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
HALF = b'{"text": "half a pair \\ud83d"}'
