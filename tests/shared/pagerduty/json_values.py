"""JSON as nobody documents it."""

from collections.abc import Iterator

from hypothesis import strategies as st

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["\ud800", "triggered"])
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
"""Any decoded JSON."""

Place = tuple[str | int, ...]


def damaged(answer: object) -> st.SearchStrategy[object]:
    """Make answers that are like `answer` but for one place in it, where anything may stand."""
    return st.builds(lambda place, value: _replaced(answer, place, value), st.sampled_from([*_places(answer)]), JSON)


def _places(value: object) -> Iterator[Place]:
    yield ()
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inside:
        for place in _places(each):
            yield (name, *place)


def _replaced(value: object, place: Place, new: object) -> object:
    if not place:
        return new
    name, *rest = place
    if isinstance(value, dict):
        return {**value, name: _replaced(value[name], tuple(rest), new)}
    if isinstance(value, list):
        return [_replaced(each, tuple(rest), new) if at == name else each for at, each in enumerate(value)]
    return value
