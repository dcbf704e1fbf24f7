"""What Camunda 7 demands of a DMN file beyond the standard, so that the same files are refused."""

from __future__ import annotations

from lxml import etree

from procession.dmn.model import Definitions, HitPolicy
from procession.dmn.reader import Document
from procession.dmn.texts import children
from procession.xml import local_name, namespace

_REFUSED = (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER)
_NAMED = ("decision", "inputData", "businessKnowledgeModel", "knowledgeSource", "decisionService", "itemDefinition")
_NAMESPACES = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20151101/dmn11.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    }
)


def check(root: etree._Element, definitions: Definitions, document: Document) -> None:
    """What Camunda 7 demands beyond the standard."""
    if namespace(root) not in _NAMESPACES:
        document.problem(f"Camunda 7 does not read the namespace '{namespace(root)}'", root)
    if not definitions.id:
        name = definitions.name or ""
        document.problem(f"The decision requirements graph '{name}' must have an 'id' attribute set.", root)
    for element in (root, *children(root, *_NAMED)):
        if element.get("name") is None:
            document.problem(f"The '{local_name(element)}' must have a 'name' attribute", element)
    if root.get("namespace") is None:
        document.problem("The 'definitions' must have a 'namespace' attribute", root)
    for element in children(root, "decision"):
        id_ = element.get("id") or ""
        if not id_:
            name = element.get("name") or ""
            document.problem(f"The decision '{name}' must have an 'id' attribute set.", element)
        for table in children(element, "decisionTable"):
            _check_table(table, id_, document)
        if children(element, "literalExpression") and not children(element, "variable"):
            said = f"The decision '{id_}' must have an 'variable' element if it contains a literal expression."
            document.problem(said, element)


def _check_table(table: etree._Element, decision: str, document: Document) -> None:
    for element in children(table, "input", "output", "rule"):
        if not element.get("id"):
            what = f"decision table {local_name(element)} '{element.get('label') or element.get('name') or ''}'"
            document.problem(f"The {what} of decision '{decision}' must have a 'id' attribute set.", element)
    outputs = children(table, "output")
    names: set[str] = set()
    for output in outputs if len(outputs) > 1 else ():
        name = output.get("name")
        if not name:
            said = f"has a compound output but output '{output.get('id') or ''}' does not have an output name."
            document.problem(f"The decision table '{decision}' {said}", output)
        elif name in names:
            said = f"has a compound output but name of output '{output.get('id') or ''}' is duplicate."
            document.problem(f"The decision table '{decision}' {said}", output)
        names.add(name or "")
    policy, aggregation = table.get("hitPolicy") or HitPolicy.UNIQUE, table.get("aggregation")
    if policy in _REFUSED:
        document.problem(f"The hit policy '{policy}' of decision table '{decision}' is not supported.", table)
    elif aggregation and policy != HitPolicy.COLLECT:
        said = f"'{policy}' with aggregation '{aggregation}' of decision table '{decision}' is not supported."
        document.problem(f"The hit policy {said}", table)
