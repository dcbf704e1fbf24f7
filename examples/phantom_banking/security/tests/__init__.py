"""The tests of security."""
