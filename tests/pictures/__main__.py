"""Write the pictures of the README, as the product's messages are now."""

from tests.pictures.drawing import PALETTES
from tests.pictures.scene import FOLDER, draw

if __name__ == "__main__":
    for name in PALETTES:
        (FOLDER / f"channel-{name}.svg").write_text(draw(name), encoding="utf-8")
