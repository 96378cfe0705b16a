"""`pagebridge demo`: the whole lives of two incidents, played on this machine; no account is needed."""

from typing import Annotated

import typer


def demo(
    *, verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every call and webhook as well.")] = False
) -> None:
    """Watch the bridge handle two incidents on this machine; no account is needed."""
    from pagebridge_sandbox.demo.runner import main  # noqa: PLC0415 - the sandbox stays out of a bridge that really runs

    raise typer.Exit(main(verbose=verbose))
