"""A reader for as much of Camunda 8 as the spike needs: mappings, jobs, listeners of user tasks, output collections, in FEEL.

It fills the same model as Camunda 7's reader; the kernel learns only the policies.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lxml import etree

from procession import feel
from procession.bpmn.dialect import UserTaskExtras
from procession.bpmn.document import Document
from procession.bpmn.model import (
    Assignment,
    ExternalWork,
    Failure,
    Listener,
    Loop,
    Policies,
    Process,
    Reach,
    Traits,
    Work,
)
from procession.bpmn.reader import read_definitions
from procession.camunda7.bpmn import Camunda7
from procession.expressions import Expression, Literal

ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"
# the moments of a user task that Camunda 8 names, and the ones that the kernel knows
MOMENTS = {"creating": "create", "assigning": "assignment", "updating": "update", "completing": "complete"}


@dataclass(frozen=True, slots=True)
class Camunda8(Camunda7):
    """The dialect: FEEL behind `=`, plain text otherwise."""

    policies: Policies = field(
        default_factory=lambda: Policies(Failure.INCIDENT, uncaught_error_ends=False, inputs_from_outside=False)
    )

    def expression(self, text: str) -> Expression:
        return feel.compile_expression(text[1:]) if text.startswith("=") else Literal(text, text)

    def traits(self, element: etree._Element, document: Document) -> Traits:
        inputs = tuple(
            self._mapping(found, Reach.LOCAL) for found in element.iterfind(f"*/{ZEEBE}ioMapping/{ZEEBE}input")
        )
        outputs = tuple(
            self._mapping(found, Reach.PARENT) for found in element.iterfind(f"*/{ZEEBE}ioMapping/{ZEEBE}output")
        )
        listeners = [
            Listener(MOMENTS[found.get("eventType", "")], ExternalWork(self.expression(found.get("type", ""))))
            for found in element.iterfind(f"*/{ZEEBE}taskListeners/{ZEEBE}taskListener")
        ]
        listeners += [
            Listener(found.get("eventType", ""), ExternalWork(self.expression(found.get("type", ""))))
            for found in element.iterfind(f"*/{ZEEBE}executionListeners/{ZEEBE}executionListener")
        ]
        return Traits(inputs=inputs, outputs=outputs, listeners=tuple(listeners))

    def loop(self, element: etree._Element, characteristics: etree._Element, loop: Loop, document: Document) -> Loop:
        found = characteristics.find(f"*/{ZEEBE}loopCharacteristics")
        assert found is not None
        output = found.get("outputElement")
        return replace(
            loop,
            collection=self.expression(found.get("inputCollection", "")),
            element_variable=found.get("inputElement"),
            output_collection=found.get("outputCollection"),
            output_element=None if output is None else self.expression(output),
        )

    def user_task(self, task: etree._Element, document: Document) -> UserTaskExtras:
        return UserTaskExtras()

    def work(self, element: etree._Element, carrier: etree._Element, document: Document) -> Work | None:
        found = element.find(f"*/{ZEEBE}taskDefinition")
        assert found is not None
        retries = self.expression(found.get("retries", "3"))
        return ExternalWork(self.expression(found.get("type", "")), retries=retries)

    def _mapping(self, found: etree._Element, reach: Reach) -> Assignment:
        return Assignment(found.get("target", ""), self.expression(found.get("source", "")), reach)


def read_zeebe(xml: str) -> Process:
    """The only process of a file."""
    (process,) = read_definitions(xml.encode(), Camunda8(), "spike.bpmn").processes
    return process
