"""Tests of `shared/slack`."""
