"""The transfer looks at models with the engine's rules where it is told to and can."""

from __future__ import annotations

import pytest

from camunda_client.modeler.backend import ModelFile
from camunda_client.modeler.function import TransferFunction
from procession.serverless.linting import examine
from tests.functions.camunda_transfer.world import event
from tests.modeler.local_modeler import ENVIRONMENT

NAMESPACE = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"'
CALL = (
    f'<definitions {NAMESPACE}><process id="p" isExecutable="true"><startEvent id="s"/>'
    '<callActivity id="call" calledElement="nowhere"/><sequenceFlow id="f" sourceRef="s" targetRef="call"/>'
    "</process></definitions>"
)


def test_a_finding_names_field_file_line_element_and_rule() -> None:
    (found,) = examine([ModelFile("p.bpmn", CALL, "bpmn", "updatedBpmnXml")])
    assert (found.field, found.file, found.line) == ("updatedBpmnXml", "p.bpmn", 1)
    assert found.message == "there is no process 'nowhere' in these files (call, rule unresolved-reference)"


def test_models_for_camunda_8_are_read_as_camunda_8_reads_them() -> None:
    """It needs a called element among the extensions, and knows nothing of the attribute."""
    model = CALL.replace("targetNamespace", 'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace')
    (found,) = examine([ModelFile("p.bpmn", model, "bpmn", "updatedBpmnXml")])
    assert found.message.endswith("(call, rule deployable)")


def test_what_cannot_be_read_comes_first() -> None:
    (found,) = examine([ModelFile("p.bpmn", "<x/>", "bpmn", "f"), ModelFile("q.bpmn", CALL, "bpmn", "g")][:1])
    assert "root element" in found.message


@pytest.mark.parametrize("with_lint", [True, False])
def test_the_function_lints_where_it_is_told_to_and_can(with_lint: bool) -> None:
    environment = {**ENVIRONMENT, "CAMUNDA_TRANSFER_CHECK": "lint"}
    function = TransferFunction(environment, lint=examine if with_lint else None)
    answer = function(event(0, 0, updatedBpmnXml=CALL))
    assert answer["statusCode"] == (400 if with_lint else 500)
    assert ("unresolved-reference" if with_lint else "`procession` is not installed") in answer["body"]
