"""The pictures of the README, drawn from the product's own messages: `python -m tests.pictures` writes them."""
