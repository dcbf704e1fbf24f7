"""FEEL, the expression language of DMN: text to syntax tree to compiled closures."""
