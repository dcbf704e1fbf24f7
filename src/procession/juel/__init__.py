"""JUEL, the expression language of Camunda 7: the safe subset that models use, compiled to closures."""
