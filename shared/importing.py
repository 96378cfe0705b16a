"""The import of all that a program consists of, which stays until its end."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """
    Keep the garbage collector off during imports, where it took an eighth of the time, and let it pass over them later.

    A worker holds some hundred thousand objects from its start on; each full collection would go through all of them.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
