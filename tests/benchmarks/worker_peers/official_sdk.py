"""camunda-orchestration-sdk: asyncio; its best setting is many concurrent jobs."""

import asyncio
import warnings

warnings.simplefilter("ignore")

from camunda_orchestration_sdk import CamundaAsyncClient, WorkerConfig  # noqa: E402
from meter import arguments  # noqa: E402

url, meter, pause, best = arguments()


async def work(job):
    meter.begin()
    if pause:
        await asyncio.sleep(pause)
    meter.done()
    return {}


async def main() -> None:
    settings = {"max_concurrent_jobs": 100} if best else {}
    async with CamundaAsyncClient(
        configuration={"CAMUNDA_REST_ADDRESS": url, "CAMUNDA_AUTH_STRATEGY": "NONE", "CAMUNDA_SDK_LOG_LEVEL": "error"}
    ) as client:
        config = WorkerConfig(job_type="work", job_timeout_milliseconds=30_000, **settings)
        client.create_job_worker(config=config, callback=work)
        await client.run_workers()


asyncio.run(main())
