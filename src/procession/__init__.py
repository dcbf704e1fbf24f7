"""Camunda-compatible process automation in Python."""
