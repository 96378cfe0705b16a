"""What the bridge costs, measured side by side with what it could cost at least: `python -m tests.bench`."""
