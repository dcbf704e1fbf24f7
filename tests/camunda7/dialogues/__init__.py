"""Conversations with Camunda 7's REST API: each request and, below it, what the real Camunda 7.24 answered."""
