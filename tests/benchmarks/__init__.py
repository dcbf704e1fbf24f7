"""Benchmarks: what a command costs, stage by stage, beside what the database alone costs; and beside Camunda 7."""
