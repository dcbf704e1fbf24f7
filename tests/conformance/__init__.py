"""Conformance: what the real Camunda 7 did with hundreds of models, replayed on Procession."""
