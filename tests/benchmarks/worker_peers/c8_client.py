"""c8-client: one thread, one job after the other; its best settings are large batches and no pause between polls."""

import logging
import os
import time

from meter import arguments

import camunda_client.config as config
from camunda_client.c8.worker import camunda_worker, register_workers, start_camunda_workers

logging.disable(logging.CRITICAL)
url, meter, pause, best = arguments()
settings = {"max_jobs_to_activate": 100, "polling_interval": 1} if best else {}
config.initialize_config(
    config=config.C8Config(
        auth=config.AuthConfig(
            selfManaged=config.SelfManagedAuthConfig(
                clientId="bench", clientSecret="bench", oidcTokenUrl=os.environ["BENCH_TOKEN_URL"]
            )
        ),
        api=config.ApiConfig(baseUrl=url, job=config.JobConfig(worker="bench")),
    )
)

from camunda_client.c8.models import ActivatedJob  # noqa: E402


@camunda_worker(job_type="work", **settings)
def work(job: ActivatedJob) -> dict:
    meter.begin()
    if pause:
        time.sleep(pause)
    meter.done()
    return {}


register_workers()
start_camunda_workers()
while True:
    time.sleep(1)
