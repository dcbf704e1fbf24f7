"""DMN: reading decisions into frozen models, and evaluating them. Knows no process."""
