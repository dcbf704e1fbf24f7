"""Serverless functions: events of every shape in, signed webhooks, one start per delivery. Needs no engine of its own.

| module         | what it knows                                                                          |
|----------------|----------------------------------------------------------------------------------------|
| `events`       | the shapes in which API Gateway, function URLs, ALB, EventBridge and Scheduler call     |
| `json_text`    | JSON from strangers, bounded and without surprises                                      |
| `signatures`   | HMAC schemes over raw bytes; `salesforce` has its modes, `soap` its XML                 |
| `providers`    | which scheme and secrets a webhook's source has; `secrets` where they lie               |
| `routing`      | from a verified webhook to a workflow or a message                                      |
| `workflows`    | what a function asks of an engine; `remote` does it on Camunda 7, `remote_camunda8` on 8 |
| `once`         | starting once per key where the engine itself cannot promise it (database or DynamoDB)  |
| `functions`    | trigger, schedule and tick; `webhook`: an event and an engine in, an outcome out          |
| `handling`     | how a handler of an external task ended                                                 |
| `agent`        | an external task that asks a language model                                             |
"""

from __future__ import annotations
