"""`procession lint`: what it prints, what it ends with, and what its options say of the world around the files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from procession.cli.app import app

DIAGRAMS = Path(__file__).parent.parent / "lint"
EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["lint", *map(str, arguments)])


def test_a_finding_is_a_line_with_file_line_rule_and_element() -> None:
    path = DIAGRAMS / "unreachable-node" / "bad.bpmn"
    done = run(path)
    message = "error unreachable-node [lost]: nothing leads to this userTask, so it never runs"
    assert (done.exit_code, done.stdout) == (3, f"{path}:6: {message}\n")
    assert done.stderr == "1 files, 1 errors, 0 warnings\n"


def test_json_is_one_list() -> None:
    path = DIAGRAMS / "unresolved-reference" / "bad-call.bpmn"
    done = run(path, "--format", "json")
    assert done.exit_code == 3
    assert json.loads(done.stdout) == [
        {
            "rule": "unresolved-reference",
            "severity": "error",
            "file": str(path),
            "line": 6,
            "element": "call",
            "message": "there is no process 'nowhere' in these files",
        }
    ]


def test_nothing_found_is_exit_0() -> None:
    done = run(DIAGRAMS / "missing-path" / "good.bpmn", "--format", "json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, [])


def test_warnings_are_exit_0_unless_strict() -> None:
    path = DIAGRAMS / "endless-loop" / "bad-waiting.bpmn"
    assert [run(path).exit_code, run(path, "--strict").exit_code] == [0, 3]


def test_a_rule_or_one_element_of_it_may_be_passed_over() -> None:
    path = DIAGRAMS / "unreachable-node" / "bad.bpmn"
    wanted = {"unreachable-node": 0, "unreachable-node:lost": 0, "unreachable-node:other": 3, "endless-loop": 3}
    assert {name: run(path, "--ignore", name).exit_code for name in wanted} == wanted
    done = run(path, "--ignore", "unreachable")
    assert (done.exit_code, "There is no rule unreachable" in done.stderr) == (2, True)


def test_what_is_deployed_already_is_named() -> None:
    assert run(DIAGRAMS / "unresolved-reference" / "bad-call.bpmn", "--elsewhere", "nowhere").exit_code == 0


def test_what_callers_give_is_named() -> None:
    assert run(DIAGRAMS / "unknown-variable" / "bad.bpmn", "--variable", "amount").exit_code == 0


def test_a_topic_that_no_worker_serves_is_an_error_where_topics_are_known() -> None:
    path = DIAGRAMS / "unimplemented-task" / "good.bpmn"
    assert [run(path, "--topic", topic).exit_code for topic in ("work", "other")] == [0, 3]


def test_a_file_that_cannot_be_read_leaves_the_others_in_peace(tmp_path: Path) -> None:
    """Nobody knows what the broken file defines, so a reference may be to that."""
    call = (DIAGRAMS / "unresolved-reference" / "bad-call.bpmn").read_text(encoding="utf-8")
    (tmp_path / "call.bpmn").write_text(call, encoding="utf-8")
    (tmp_path / "broken.bpmn").write_text("<definitions", encoding="utf-8")
    done = run(tmp_path, "--format", "json")
    assert [(Path(one["file"]).name, one["rule"]) for one in json.loads(done.stdout)] == [("broken.bpmn", "deployable")]


def test_the_fields_of_a_form_in_the_deployment_are_variables(tmp_path: Path) -> None:
    good = (DIAGRAMS / "unknown-variable" / "bad.bpmn").read_text(encoding="utf-8")
    start, end = good.index("<startEvent"), good.index("</startEvent>") + len("</startEvent>")
    head = '<startEvent id="start" camunda:formRef="ask" camunda:formRefBinding="deployment"/>'
    (tmp_path / "p.bpmn").write_text(good[:start] + head + good[end:], encoding="utf-8")
    for key, code in (("amount", 0), ("other", 3)):
        form = {"id": "ask", "type": "default", "components": [{"type": "group", "components": [{"key": key}]}]}
        (tmp_path / "ask.form").write_text(json.dumps(form), encoding="utf-8")
        assert run(tmp_path).exit_code == code


def test_no_such_file_is_exit_2(tmp_path: Path) -> None:
    assert run(tmp_path / "none.bpmn").exit_code == 2


@pytest.mark.parametrize("folder", sorted(EXAMPLES.glob("*/camunda")) + sorted(EXAMPLES.glob("*/*/processes")))
def test_the_examples_have_nothing_to_find(folder: Path) -> None:
    assert run(folder, "--strict").exit_code == 0
