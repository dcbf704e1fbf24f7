"""Runs in SpiffWorkflow's own environment: `model process database instances`; prints seconds as JSON.

Each instance is started, saved, then its tasks are completed one by one, loaded before and saved after each.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from importlib import import_module


def main(model: str, process: str, database: str, instances: int) -> dict[str, float]:
    parser = import_module("SpiffWorkflow.bpmn.parser").BpmnParser()
    parser.add_bpmn_file(model)
    spec = parser.get_spec(process)
    new_workflow = import_module("SpiffWorkflow.bpmn.workflow").BpmnWorkflow
    ready = import_module("SpiffWorkflow.util.task").TaskState.READY
    serializer = import_module("SpiffWorkflow.bpmn.serializer").BpmnWorkflowSerializer()
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE workflow (key INTEGER PRIMARY KEY, content TEXT NOT NULL, done INTEGER NOT NULL)")

    def run(number: int) -> None:
        for _ in range(number):
            workflow = new_workflow(spec)
            workflow.do_engine_steps()
            statement = "INSERT INTO workflow (content, done) VALUES (?, 0)"
            key = connection.execute(statement, [serializer.serialize_json(workflow)]).lastrowid
            while True:
                (content,) = connection.execute("SELECT content FROM workflow WHERE key = ?", [key]).fetchone()
                workflow = serializer.deserialize_json(content)
                tasks = workflow.get_tasks(state=ready, manual=True)
                if not tasks:
                    break
                tasks[0].run()
                workflow.do_engine_steps()
                row = [serializer.serialize_json(workflow), workflow.is_completed(), key]
                connection.execute("UPDATE workflow SET content = ?, done = ? WHERE key = ?", row)
                if workflow.is_completed():
                    break

    run(min(instances, 20))
    wall, cpu = time.perf_counter(), time.process_time()
    run(instances)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    (left,) = connection.execute("SELECT count(*) FROM workflow WHERE NOT done").fetchone()
    if left:
        raise SystemExit(f"{left} workflows are not done")
    return {"wall": wall, "cpu": cpu}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:4], int(sys.argv[4]))))
