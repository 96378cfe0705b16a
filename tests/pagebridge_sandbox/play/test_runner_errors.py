"""The error messages of `pagebridge play` when it can't go on."""

from pagebridge_sandbox.play.runner import single_errors


def test_each_error_within_groups_is_told() -> None:
    """A group within a group has no words of its own: what a person reads are the errors in it."""
    inner = ExceptionGroup("unhandled errors", [OSError("Port 8765 is in use"), OSError("no room")])

    found = [str(error) for error in single_errors(ExceptionGroup("unhandled errors", [inner, OSError("away")]))]

    assert ["Port 8765 is in use", "no room", "away"] == found
