// Camunda's own SDK for Camunda 8, over REST: a process from deployment to its end. `node orchestration.mjs ADDRESS MODEL`
import { Camunda8 } from "@camunda8/sdk";

const [address, model] = process.argv.slice(2);
const client = new Camunda8({
  CAMUNDA_AUTH_STRATEGY: "NONE",
  CAMUNDA_OAUTH_DISABLED: true,
  CAMUNDA_LOG_LEVEL: "none",
  CAMUNDA_TENANT_ID: "",
  ZEEBE_REST_ADDRESS: address,
}).getCamundaRestClient();
const said = {};

const deployed = await client.deployResourcesFromFiles([model]);
const { processDefinitionKey } = deployed.processes[0];
const { processInstanceKey } = await client.createProcessInstance({
  processDefinitionId: "order",
  variables: { key: "k1", amount: 5 },
});
const instance = { filter: { processInstanceKey } };

const handled = new Promise((resolve) => {
  const worker = client.createJobWorker({
    type: "charge",
    worker: "node",
    maxJobsToActivate: 5,
    timeout: 10_000,
    pollIntervalMs: 100,
    jobHandler: async (job) => {
      const answer = await job.complete({ charged: job.variables.amount * 2 });
      worker.stop();
      resolve({ currency: job.customHeaders.currency, amount: job.variables.amount });
      return answer;
    },
  });
});
said.job = await handled;

const tasks = await until(() => client.searchUserTasks({ filter: { processInstanceKey, state: "CREATED" } }));
const { userTaskKey, candidateGroups } = tasks.items[0];
said.candidateGroups = candidateGroups;
await client.assignUserTask({ userTaskKey, assignee: "demo" });
said.assignee = (await client.getUserTask(userTaskKey)).assignee;
said.taskVariables = (await client.searchUserTaskVariables({ userTaskKey })).items.map((one) => one.name).sort();
await client.unassignUserTask({ userTaskKey });
await client.completeUserTask({ userTaskKey, variables: { looked: true } });

await client.publishMessage({ name: "paid", correlationKey: "k1", timeToLive: 10_000, variables: { paid: 1 } });
await until(() => client.searchProcessInstances({ filter: { processInstanceKey, state: "COMPLETED" } }));
said.variables = (await client.searchVariables(instance)).items.map((one) => one.name).sort();
said.elements = (await client.searchElementInstances(instance)).items.map((one) => `${one.elementId} ${one.state}`);
said.xml = (await client.getProcessDefinitionXML(processDefinitionKey)).includes('id="order"');

const second = await client.createProcessInstance({ processDefinitionKey, variables: { key: "k2" } });
const [job] = await client.activateJobs({
  type: "charge",
  worker: "node",
  maxJobsToActivate: 1,
  timeout: 60_000,
  requestTimeout: 5_000,
});
await client.updateJob({ jobKey: job.jobKey, retries: 5, timeout: 30_000 });
await client.failJob({ jobKey: job.jobKey, retries: 0, errorMessage: "no money", retryBackOff: 0 });
const filter = { processInstanceKey: second.processInstanceKey };
said.incident = (await client.searchIncidents({ filter })).items.map((one) => [one.errorType, one.errorMessage]);
await client.modifyProcessInstance({ ...filter, activateInstructions: [{ elementId: "u" }] });
await client.cancelProcessInstance(filter);
said.cancelled = (await client.searchProcessInstances({ filter })).items[0].state;
said.topology = (await client.getTopology()).clusterSize;
console.log(JSON.stringify(said));
process.exit(0);

async function until(search) {
  for (let tries = 0; tries < 200; tries++) {
    const found = await search();
    if (found.items.length) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("nothing was found");
}
