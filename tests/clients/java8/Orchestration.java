// Camunda's own client of Camunda 8, over REST: a process from deployment to its end. `java Orchestration.java ADDRESS MODEL`
import io.camunda.client.CamundaClient;
import io.camunda.client.api.response.ActivatedJob;
import io.camunda.client.api.search.enums.ProcessInstanceState;
import io.camunda.client.api.search.enums.UserTaskState;
import io.camunda.client.api.worker.JobWorker;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

public class Orchestration {
  public static void main(String[] arguments) throws Exception {
    URI address = URI.create(arguments[0]);
    try (CamundaClient client = CamundaClient.newClientBuilder().preferRestOverGrpc(true).restAddress(address).build()) {
      play(client, arguments[1]);
    }
    System.exit(0);
  }

  static void say(String what, Object value) {
    System.out.println(what + " " + value);
  }

  static void play(CamundaClient client, String model) throws Exception {
    var deployed = client.newDeployResourceCommand().addResourceFile(model).send().join();
    long definition = deployed.getProcesses().get(0).getProcessDefinitionKey();
    long key =
        client
            .newCreateInstanceCommand()
            .bpmnProcessId("order")
            .latestVersion()
            .variables(Map.of("key", "k1", "amount", 5))
            .send()
            .join()
            .getProcessInstanceKey();

    CountDownLatch worked = new CountDownLatch(1);
    try (JobWorker worker =
        client
            .newWorker()
            .jobType("charge")
            .handler(
                (jobs, job) -> {
                  say("job", job.getCustomHeaders() + " " + job.getVariables());
                  jobs.newCompleteCommand(job).variables(Map.of("charged", 10)).send().join();
                  worked.countDown();
                })
            .fetchVariables("amount")
            .requestTimeout(Duration.ofSeconds(1))
            .open()) {
      if (!worked.await(30, TimeUnit.SECONDS)) {
        throw new IllegalStateException("no job came");
      }
    }
    Thread.sleep(1500); // its last request is over

    var task =
        until(
                () ->
                    client
                        .newUserTaskSearchRequest()
                        .filter(filter -> filter.processInstanceKey(key).state(UserTaskState.CREATED))
                        .send()
                        .join()
                        .items())
            .get(0);
    long taskKey = task.getUserTaskKey();
    say("groups", task.getCandidateGroups());
    client.newAssignUserTaskCommand(taskKey).assignee("demo").send().join();
    client.newUpdateUserTaskCommand(taskKey).priority(70).send().join();
    var assigned = client.newUserTaskGetRequest(taskKey).send().join();
    say("assigned", assigned.getAssignee() + " " + assigned.getPriority());
    client.newUnassignUserTaskCommand(taskKey).send().join();
    client.newCompleteUserTaskCommand(taskKey).variables(Map.of("looked", true)).send().join();

    client
        .newPublishMessageCommand()
        .messageName("paid")
        .correlationKey("k1")
        .timeToLive(Duration.ofSeconds(10))
        .variables(Map.of("paid", 1))
        .send()
        .join();
    until(
        () ->
            client
                .newProcessInstanceSearchRequest()
                .filter(filter -> filter.processInstanceKey(key).state(ProcessInstanceState.COMPLETED))
                .sort(sort -> sort.startDate().desc())
                .page(page -> page.limit(5))
                .send()
                .join()
                .items());
    say(
        "variables",
        client.newVariableSearchRequest().filter(filter -> filter.processInstanceKey(key)).send().join().items().stream()
            .map(variable -> variable.getName() + "=" + variable.getValue())
            .sorted()
            .toList());
    say(
        "elements",
        client
            .newElementInstanceSearchRequest()
            .filter(filter -> filter.processInstanceKey(key))
            .send()
            .join()
            .items()
            .stream()
            .map(element -> element.getElementId() + ":" + element.getState())
            .toList());
    say("xml", client.newProcessDefinitionGetXmlRequest(definition).send().join().contains("id=\"order\""));
    say("statistics", client.newProcessInstanceElementStatisticsRequest(key).send().join().size());

    long second =
        client
            .newCreateInstanceCommand()
            .processDefinitionKey(definition)
            .variables(Map.of("key", "k2"))
            .send()
            .join()
            .getProcessInstanceKey();
    ActivatedJob job =
        client
            .newActivateJobsCommand()
            .jobType("charge")
            .maxJobsToActivate(1)
            .timeout(Duration.ofSeconds(30))
            .send()
            .join()
            .getJobs()
            .get(0);
    client.newUpdateRetriesCommand(job).retries(4).send().join();
    client.newUpdateTimeoutCommand(job).timeout(Duration.ofSeconds(50)).send().join();
    client.newFailCommand(job).retries(0).errorMessage("no money").variables(Map.of("failed", 1)).send().join();
    var incident =
        client.newIncidentSearchRequest().filter(filter -> filter.processInstanceKey(second)).send().join().items().get(0);
    say("incident", incident.getErrorType() + " " + incident.getErrorMessage());
    client.newUpdateRetriesCommand(job).retries(1).send().join();
    client.newResolveIncidentCommand(incident.getIncidentKey()).send().join();
    client.newSetVariablesCommand(second).variables(Map.of("set", 1)).send().join();
    client.newModifyProcessInstanceCommand(second).activateElement("u").send().join();
    client.newCancelInstanceCommand(second).send().join();
    say("cancelled", client.newProcessInstanceGetRequest(second).send().join().getState());
    say("topology", client.newTopologyRequest().send().join().getClusterSize());
  }

  static <T> List<T> until(Supplier<List<T>> search) throws InterruptedException {
    for (int tries = 0; tries < 200; tries++) {
      List<T> found = search.get();
      if (!found.isEmpty()) {
        return found;
      }
      Thread.sleep(50);
    }
    throw new IllegalStateException("nothing was found");
  }
}
