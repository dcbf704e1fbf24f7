import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.camunda.bpm.dmn.engine.DmnDecision;
import org.camunda.bpm.dmn.engine.DmnEngine;
import org.camunda.bpm.dmn.engine.DmnEngineConfiguration;

/** Decision tables on Camunda 7's own engine: a line of JSON for each file, as others.py prints it. */
public class Camunda {

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  public static void main(String[] files) throws Exception {
    ObjectMapper json = new ObjectMapper();
    DmnEngine engine = DmnEngineConfiguration.createDefaultDmnEngineConfiguration().buildEngine();
    for (String file : files) {
      Map<String, Object> said = new HashMap<>();
      Map<?, ?> task = json.readValue(new File(file), Map.class);
      said.put("table", task.get("table"));
      try {
        byte[] model = ((String) task.get("model")).getBytes(StandardCharsets.UTF_8);
        DmnDecision decision = engine.parseDecision("decision", new ByteArrayInputStream(model));
        List<Map<String, Object>> inputs = new ArrayList<>();
        for (Object one : (List<?>) task.get("inputs")) {
          Map<String, Object> given = new HashMap<>();
          ((Map<?, ?>) one).forEach((name, value) -> given.put((String) name, value));
          inputs.add(given);
        }
        List<?> answers = (List<?>) task.get("answers");
        int wrong = 0;
        long end = System.nanoTime() + 2_000_000_000L;
        for (int i = 0; i < inputs.size() && System.nanoTime() < end; i++) {
          List<Map<String, Object>> rows = engine.evaluateDecisionTable(decision, inputs.get(i)).getResultList();
          Object found = answers.get(i) instanceof List ? rows : rows.isEmpty() ? null : rows.get(0);
          if (!json.readTree(json.writeValueAsBytes(found)).equals(json.readTree(json.writeValueAsBytes(answers.get(i))))) {
            wrong++;
          }
        }
        said.put("wrong", wrong);
        said.put("per_second", perSecond(engine, decision, inputs));
      } catch (Exception fault) {
        said.put("error", String.valueOf(fault.getMessage()));
      }
      System.out.println(json.writeValueAsString(said));
    }
  }

  /** The best round of processor time of this thread, after enough rounds for the compiler to do its work. */
  private static double perSecond(DmnEngine engine, DmnDecision decision, List<Map<String, Object>> inputs) {
    double best = 0;
    int next = 0;
    long end = System.nanoTime() + 2_000_000_000L;
    do {
      int count = 0;
      long start = THREADS.getCurrentThreadCpuTime();
      long spent;
      do {
        engine.evaluateDecisionTable(decision, inputs.get(next++ % inputs.size()));
        count++;
        spent = THREADS.getCurrentThreadCpuTime() - start;
      } while (spent < 150_000_000L);
      best = Math.max(best, count * 1e9 / spent);
    } while (System.nanoTime() < end);
    return best;
  }
}
