"""Commands for any Camunda 7 server: one module, one function, one name."""
