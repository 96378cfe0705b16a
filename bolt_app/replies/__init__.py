"""Private replies: their wording, their blocks, and sending them."""
