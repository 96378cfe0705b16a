"""How a command stands on its stream."""

from pydantic import TypeAdapter

from shared.model.command import Command

COMMAND_JSON = TypeAdapter(Command)


def command_fields(command: Command, void_ms: int) -> dict[str, bytes]:
    """Write the entry of a command that counts only if it is on the stream by `void_ms`, by the store's clock."""
    return {"v": b"1", "body": COMMAND_JSON.dump_json(command), "void": str(void_ms).encode()}
