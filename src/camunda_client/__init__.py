"""Clients and workers for Camunda 7 and Camunda 8."""
