"""Faults: processes that are killed in the middle of their work, and what must hold afterwards."""
