"""The preset *correctness*: what breaks at run time. One module is one rule; its docstring is its page.

A rule is a function `check(file, project)` that yields faults. Its diagrams lie in `tests/lint/<rule>`: `bad*.bpmn`, in
which it finds something, and `good*.bpmn`, in which no rule does.
"""
