"""The pictures of the README, drawn from the product's own messages: `make words` draws them again."""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs/pictures"
