"""Tests mirror `src/`; what crosses the walls has a folder of its own here."""
