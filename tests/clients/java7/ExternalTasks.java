// Camunda's own client of external tasks: one task of each outcome, then the end. `java ExternalTasks.java ADDRESS`
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.camunda.bpm.client.ExternalTaskClient;
import org.camunda.bpm.client.task.ExternalTask;
import org.camunda.bpm.client.task.ExternalTaskService;
import org.camunda.bpm.client.variable.ClientValues;
import org.camunda.bpm.engine.variable.Variables;

public class ExternalTasks {
  static final Map<String, String> SEEN = new TreeMap<>();
  static final CountDownLatch LEFT = new CountDownLatch(4);
  static final AtomicBoolean UNLOCKED = new AtomicBoolean();

  public static void main(String[] arguments) throws Exception {
    ExternalTaskClient client =
        ExternalTaskClient.create()
            .baseUrl(arguments[0] + "/engine-rest")
            .workerId("java")
            .asyncResponseTimeout(5000)
            .lockDuration(20_000)
            .build();
    client
        .subscribe("work")
        .processDefinitionKey("work")
        .includeExtensionProperties(true)
        .handler(ExternalTasks::handle)
        .open();
    boolean all = LEFT.await(60, TimeUnit.SECONDS);
    client.stop();
    System.out.println(SEEN);
    System.exit(all ? 0 : 1);
  }

  static void handle(ExternalTask task, ExternalTaskService service) {
    try {
      String kind = task.getVariable("kind");
      Map<String, Object> made = new HashMap<>();
      made.put("whole", 7);
      made.put("broken", 5.5);
      made.put("truth", true);
      made.put("list", ClientValues.jsonValue("[1,{\"a\":\"b\"}]"));
      made.put("moment", new Date(0));
      made.put("passing", Variables.stringValue("by", true));
      made.put("bytes", "abc".getBytes());
      made.put("file", Variables.fileValue("a.txt").file("hello".getBytes()).mimeType("text/plain").create());
      switch (kind) {
        case "complete" -> {
          service.extendLock(task, 20_000);
          service.setVariables(task, Map.of("before", "1"));
          service.complete(task, made, Map.of("inside", "x"));
        }
        case "fail" -> service.handleFailure(task, "no", "really", 0, 0);
        case "refuse" -> service.handleBpmnError(task, "REFUSED", "because", made);
        default -> {
          if (UNLOCKED.compareAndSet(false, true)) {
            service.unlock(task);
            return;
          }
          service.complete(task);
        }
      }
      Date when = task.getVariable("when");
      SEEN.put(kind, List.of(task.getBusinessKey(), task.getExtensionProperties(), when.getTime()).toString());
      LEFT.countDown();
    } catch (RuntimeException failure) {
      failure.printStackTrace();
      System.exit(1);
    }
  }
}
