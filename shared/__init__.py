"""Shared by receiver and worker: pure rules in `model`, one client per vendor, and the store."""
