"""Tests of the simulated PagerDuty."""
