"""Our worker on external tasks."""

import asyncio
import logging

from meter import arguments

from camunda_client.c7 import ExternalTask, Worker

logging.basicConfig(level=logging.ERROR)
url, meter, pause, best = arguments()
worker = Worker(url, **({"max_tasks": 100} if best else {}))


async def work(task: ExternalTask) -> None:
    meter.begin()
    if pause:
        await asyncio.sleep(pause)
    meter.done()


worker.subscribe("work", work)
worker.run()
