"""Our worker on jobs."""

import asyncio
import logging

from meter import arguments

from camunda_client.c8 import ActivatedJob, Worker

logging.basicConfig(level=logging.ERROR)
url, meter, pause, best = arguments()
worker = Worker(url, **({"max_tasks": 100} if best else {}))


async def work(job: ActivatedJob) -> None:
    meter.begin()
    if pause:
        await asyncio.sleep(pause)
    meter.done()


worker.subscribe("work", work)
worker.run()
