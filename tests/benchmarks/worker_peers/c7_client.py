"""camunda-external-task-client-python3: one task after the other; its best setting is large batches."""

import logging
import time

from camunda.external_task.external_task_worker import ExternalTaskWorker
from meter import arguments

logging.disable(logging.CRITICAL)
url, meter, pause, best = arguments()


def work(task):
    meter.begin()
    if pause:
        time.sleep(pause)
    meter.done()
    return task.complete()


settings = {"maxTasks": 100} if best else {}
ExternalTaskWorker(worker_id="bench", base_url=f"{url}/engine-rest", config=settings).subscribe(["work"], work)
