// Camunda's own client of external tasks: one task of each outcome, then the end. `node external_tasks.mjs ADDRESS`
import { Client, Variables } from "camunda-external-task-client-js";

const client = new Client({ baseUrl: `${process.argv[2]}/engine-rest`, workerId: "node", asyncResponseTimeout: 5000 });
const seen = [];
let unlocked = false;

client.on("handleFailure:error", fail).on("complete:error", fail).on("handleBpmnError:error", fail);
client.on("extendLock:error", fail).on("lock:error", fail).on("unlock:error", fail);

function fail(task, error) {
  console.error(error);
  process.exit(1);
}

client.subscribe("work", { processDefinitionKey: "work", includeExtensionProperties: true }, async ({ task, taskService }) => {
  const kind = task.variables.get("kind");
  const made = new Variables();
  made.setAll({ whole: 7, broken: 5.5, truth: true, list: [1, { a: "b" }] });
  made.setTyped("moment", { value: new Date(0), type: "Date", valueInfo: {} });
  made.setTransient("passing", "by");
  const local = new Variables();
  local.set("inside", "x");
  if (kind === "complete") {
    await taskService.extendLock(task, 20_000);
    await taskService.lock(task, 20_000);
    await taskService.complete(task, made, local);
  } else if (kind === "fail") {
    await taskService.handleFailure(task, { errorMessage: "no", errorDetails: "really", retries: 0, retryTimeout: 0 });
  } else if (kind === "refuse") {
    await taskService.handleBpmnError(task, "REFUSED", "because", made);
  } else if (!unlocked) {
    unlocked = true;
    await taskService.unlock(task);
    return;
  } else {
    await taskService.complete(task);
  }
  seen.push([kind, task.businessKey, task.extensionProperties, task.variables.get("when").toISOString(), task.variables.get("data")]);
  if (seen.length === 4) {
    console.log(JSON.stringify(seen.sort()));
    process.exit(0);
  }
});
