"""What the receiver and the worker share: pure rules in `model`, one door per vendor, and the store."""
