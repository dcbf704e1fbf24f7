"""The dialect of Camunda 8."""
