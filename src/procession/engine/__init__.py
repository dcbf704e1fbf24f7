"""Submitting commands, deploying, routing between instances, executing jobs."""
