from __future__ import annotations

from lxml import etree

from procession.bpmn.problems import Problems


def check(root: etree._Element, problems: Problems) -> None:
    return
