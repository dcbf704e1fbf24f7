"""BPMN: reading the standard's XML into a frozen model, and validating it. Knows no dialect and no running process."""
