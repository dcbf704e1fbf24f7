"""The migrations of security."""
