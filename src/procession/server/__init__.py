"""The ASGI server: authentication, problems, metrics, health, and the dialects' routes."""
