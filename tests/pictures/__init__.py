"""The pictures of the README, drawn from the product's own messages: `make words` draws them again."""
