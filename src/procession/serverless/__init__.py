"""Functions at home: the engine inside a serverless function, kept between invocations, and a runner without a cloud.

`home` chooses by the environment between the engine embedded here and a Camunda 7 server, and keeps what it opened for
as long as the container lives. `embedded` is the engine as functions see it; `template` and `runner` are for a desk.
"""

from __future__ import annotations
