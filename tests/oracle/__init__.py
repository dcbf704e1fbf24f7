"""Random models beside the real Camunda 7: `make oracle`."""
