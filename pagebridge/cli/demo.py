"""`pagebridge demo`: the whole lives of two incidents, played on this machine; no account is needed."""

import argparse


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add this command to the command line."""
    text = "play the whole lives of two incidents on this machine"
    parser = commands.add_parser("demo", help=text, description=text)
    parser.set_defaults(command=lambda _asked: _demo())


def _demo() -> int:
    from pagebridge.sandbox.demo import main  # noqa: PLC0415 - the sandbox stays out of a bridge that really runs

    return main()
