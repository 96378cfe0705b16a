"""Settings from the environment and `bridge.toml`, with their validation."""
