"""Tests of `shared/pagerduty`."""
