"""`pagebridge play`: a Slack and a PagerDuty in the browser, with the bridge between them; no account is needed."""

from typing import Annotated

import typer


def play(
    *,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port of the page; 0 takes a free one.")
    ] = 8765,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on: 0.0.0.0 in a container with a published port.")
    ] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Show the address and open nothing.")] = False,
) -> None:
    """Play with a simulated Slack and PagerDuty in the browser; no account is needed."""
    from pagebridge_sandbox.play.runner import main  # noqa: PLC0415 - the sandbox stays out of a bridge that really runs

    raise typer.Exit(main(port, host, browser=not no_browser))
