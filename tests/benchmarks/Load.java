import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * Drives the REST API of Camunda 7, whoever serves it, and says what it measured: one run for each line of standard input,
 * one line of JSON for each on standard output. It lives for all runs of a benchmark, so that it is warm when they count.
 *
 * <p>A line holds words of the form name=value: {@code port}; {@code scenario}, which is "user" (start, list the task, complete)
 * or "external" (start, fetch and lock, complete); {@code process} and {@code topic}, the model's; {@code instances}; {@code
 * starters}, connections that start instances; {@code workers}, connections that fetch and complete what those start (0: every
 * starter completes by itself); {@code rate}, starts per second that are due evenly whatever the answers take (0: the next start
 * follows the last answer).
 */
public final class Load {

  private static final long LIMIT_SECONDS = 600;
  private static final int FETCHED = 10;
  private static final int WAIT_MS = 300;
  private static final String START = "{\"variables\":{\"n\":{\"value\":1,\"type\":\"Integer\"}}}";
  private static final String OK = "\"variables\":{\"ok\":{\"value\":true,\"type\":\"Boolean\"}}}";

  public static void main(String[] arguments) throws IOException {
    ExecutorService threads = Executors.newCachedThreadPool();
    BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    try {
      for (String line; (line = orders.readLine()) != null; ) {
        System.out.println(answer(line, threads));
      }
    } finally {
      threads.shutdown();
    }
  }

  private static String answer(String line, ExecutorService threads) {
    Map<String, String> words = new HashMap<>();
    for (String word : line.trim().split(" ")) {
      words.put(word.substring(0, word.indexOf('=')), word.substring(word.indexOf('=') + 1));
    }
    String failure;
    try {
      return new Load(words).run(threads);
    } catch (ExecutionException failed) {
      failure = failed.getCause().toString();
    } catch (CancellationException late) {
      failure = "not done after " + LIMIT_SECONDS + " s";
    } catch (IOException | InterruptedException failed) {
      failure = failed.toString();
    }
    return "{\"failed\": \"" + failure.replaceAll("[\"\\\\\\p{Cntrl}]", "'") + "\"}";
  }

  // ---------------------------------------------------------------- one run

  private final int port;
  private final boolean user;
  private final String start;
  private final String topic;
  private final int instances;
  private final int starters;
  private final int workers;
  private final double rate;
  private final AtomicInteger started = new AtomicInteger();
  private final AtomicInteger completed = new AtomicInteger();
  private long begun;

  private Load(Map<String, String> words) {
    port = Integer.parseInt(words.get("port"));
    user = words.get("scenario").equals("user");
    start = "/process-definition/key/" + words.get("process") + "/start";
    topic = words.get("topic");
    instances = Integer.parseInt(words.get("instances"));
    starters = Integer.parseInt(words.get("starters"));
    workers = Integer.parseInt(words.get("workers"));
    rate = Double.parseDouble(words.get("rate"));
  }

  private String run(ExecutorService threads) throws IOException, InterruptedException, ExecutionException {
    OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long own = system.getProcessCpuTime();
    List<Client> clients = new ArrayList<>();
    List<Callable<Void>> work = new ArrayList<>();
    try {
      for (int place = 0; place < starters + workers; place++) {
        Client client = new Client("w" + place);
        clients.add(client);
        Callable<Void> part = place >= starters ? client::fetchAll : workers > 0 ? client::startAll : client::startAndCompleteAll;
        work.add(() -> orEnd(part));
      }
      begun = System.nanoTime();
      // an interrupted thread closes its connection: a server that hangs ends the run, not the benchmark
      for (Future<Void> ended : threads.invokeAll(work, LIMIT_SECONDS, TimeUnit.SECONDS)) {
        ended.get();
      }
    } finally {
      for (Client client : clients) {
        client.connection.close();
      }
    }
    return figures(clients, system.getProcessCpuTime() - own);
  }

  /** A failure ends the run for all. */
  private Void orEnd(Callable<Void> part) throws Exception {
    try {
      return part.call();
    } catch (Exception failure) {
      started.set(instances);
      completed.set(instances);
      throw failure;
    }
  }

  private String figures(List<Client> clients, long own) {
    long[] completions =
        clients.stream().flatMapToLong(client -> client.completions.stream().mapToLong(n -> n)).sorted().toArray();
    Map<String, Long> due = new HashMap<>();
    clients.forEach(client -> due.putAll(client.due));
    List<Long> whole = new ArrayList<>();
    long last = begun;
    Map<Integer, Integer> errors = new TreeMap<>();
    long calls = 0;
    long spent = 0;
    for (Client client : clients) {
      for (Map.Entry<String, Long> end : client.ended.entrySet()) {
        last = Math.max(last, end.getValue());
        whole.add(end.getValue() - due.get(end.getKey()));
      }
      client.errors.forEach((status, times) -> errors.merge(status, times, Integer::sum));
      calls += client.calls;
      spent += client.spent;
    }
    long[] instance = whole.stream().mapToLong(n -> n).sorted().toArray();
    String failed =
        errors.entrySet().stream().map(e -> "\"" + e.getKey() + "\": " + e.getValue()).collect(Collectors.joining(", "));
    return String.format(
        Locale.ROOT,
        "{\"instances\": %d, \"seconds\": %.6f, \"calls\": %d, \"errors\": {%s}, \"call_ms\": %.4f, \"complete_p50_ms\": %.4f, "
            + "\"complete_p99_ms\": %.4f, \"instance_p50_ms\": %.4f, \"instance_p99_ms\": %.4f, \"own_seconds\": %.4f}",
        completions.length, (last - begun) / 1e9, calls, failed, spent / 1e6 / calls, percentile(completions, 50),
        percentile(completions, 99), percentile(instance, 50), percentile(instance, 99), own / 1e9);
  }

  private static double percentile(long[] sorted, int percent) {
    return sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)] / 1e6;
  }

  /** When the next instance is to be started, having waited for that; -1 when all have been. */
  private long next() {
    int place = started.getAndIncrement();
    if (place >= instances) {
      return -1;
    }
    if (rate == 0) {
      return System.nanoTime();
    }
    long moment = begun + (long) (place * 1e9 / rate);
    for (long left; (left = moment - System.nanoTime()) > 0; ) {
      LockSupport.parkNanos(left);
    }
    return moment;
  }

  // ---------------------------------------------------------------- what one connection does

  private final class Client {
    private final String worker;
    private final Connection connection = new Connection(port);
    private final List<Long> completions = new ArrayList<>();
    private final Map<String, Long> due = new HashMap<>();
    private final Map<String, Long> ended = new HashMap<>();
    private final Map<Integer, Integer> errors = new HashMap<>();
    private long calls;
    private long spent;

    Client(String worker) throws IOException {
      this.worker = worker;
    }

    Void startAll() throws IOException {
      for (long moment; (moment = next()) >= 0; ) {
        start(moment);
      }
      return null;
    }

    Void startAndCompleteAll() throws IOException {
      for (long moment; (moment = next()) >= 0; ) {
        String instance = start(moment);
        if (user) {
          String task = ids(call("GET", "/task?processInstanceId=" + instance, null), "id").get(0);
          complete("/task/" + task + "/complete", "{" + OK, instance);
        } else {
          // the one found may be another's, who then finds this one
          while (fetch(1, 0) == 0 && completed.get() < instances) {}
        }
      }
      return null;
    }

    Void fetchAll() throws IOException {
      while (completed.get() < instances) {
        fetch(FETCHED, WAIT_MS);
      }
      return null;
    }

    private String start(long moment) throws IOException {
      String instance = ids(call("POST", start, START), "id").get(0);
      due.put(instance, moment);
      return instance;
    }

    /** Fetches tasks, waiting for them where `wait` is not 0, and completes them; how many. */
    private int fetch(int most, int wait) throws IOException {
      String waiting = wait > 0 ? "\"asyncResponseTimeout\":" + wait + "," : "";
      String wanted = "{\"workerId\":\"" + worker + "\",\"maxTasks\":" + most + "," + waiting
          + "\"topics\":[{\"topicName\":\"" + topic + "\",\"lockDuration\":60000}]}";
      String found = call("POST", "/external-task/fetchAndLock", wanted);
      List<String> tasks = ids(found, "id");
      List<String> of = ids(found, "processInstanceId");
      for (int place = 0; place < tasks.size(); place++) {
        complete("/external-task/" + tasks.get(place) + "/complete", "{\"workerId\":\"" + worker + "\"," + OK, of.get(place));
      }
      return tasks.size();
    }

    private void complete(String path, String body, String instance) throws IOException {
      long before = System.nanoTime();
      call("POST", path, body);
      long now = System.nanoTime();
      completions.add(now - before);
      ended.put(instance, now);
      completed.incrementAndGet();
    }

    /** The body of an answer; an empty list for Camunda 7's 500 when another worker completes what it would give out. */
    private String call(String method, String path, String body) throws IOException {
      long before = System.nanoTime();
      int status = connection.call(method, path, body);
      // a call that waits for work takes as long as there is none
      if (body == null || !body.contains("asyncResponseTimeout")) {
        spent += System.nanoTime() - before;
        calls++;
      }
      if (status < 300) {
        return connection.body;
      }
      errors.merge(status, 1, Integer::sum);
      if (status == 500 && path.equals("/external-task/fetchAndLock")) {
        return "[]";
      }
      throw new IOException(method + " " + path + ": " + status + " " + connection.body);
    }
  }

  /** The values of `"name":"…"` in JSON without blanks, in their order. */
  private static List<String> ids(String json, String name) {
    String key = "\"" + name + "\":\"";
    List<String> found = new ArrayList<>();
    for (int at = json.indexOf(key); at >= 0; at = json.indexOf(key, at)) {
      at += key.length();
      found.add(json.substring(at, json.indexOf('"', at)));
    }
    return found;
  }

  // ---------------------------------------------------------------- HTTP/1.1

  /** A kept connection, made anew where the server ended it. */
  private static final class Connection {
    private final int port;
    private SocketChannel channel;
    private ByteBuffer in = ByteBuffer.allocate(1 << 16);
    private int length;
    private String body;

    Connection(int port) throws IOException {
      this.port = port;
      open();
    }

    private void open() throws IOException {
      channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }

    void close() throws IOException {
      channel.close();
    }

    /** The status; the body is kept in `body`. */
    int call(String method, String path, String sent) throws IOException {
      String head = method + " /engine-rest" + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n"
          + "Content-Type: application/json\r\n";
      String rest = sent == null ? "\r\n" : "Content-Length: " + sent.length() + "\r\n\r\n" + sent;
      ByteBuffer out = ByteBuffer.wrap((head + rest).getBytes(StandardCharsets.US_ASCII));
      while (out.hasRemaining()) {
        channel.write(out);
      }
      length = 0;
      int headEnd = find("\r\n\r\n", 0);
      String answer = text(0, headEnd).toLowerCase(Locale.ROOT);
      int status = Integer.parseInt(answer.substring(9, 12));
      int begin = headEnd + 4;
      String sized = header(answer, "content-length");
      if (status == 204) {
        body = "";
      } else if (sized != null) {
        int end = begin + Integer.parseInt(sized);
        need(end);
        body = text(begin, end);
      } else if ("chunked".equals(header(answer, "transfer-encoding"))) {
        body = chunks(begin);
      } else {
        throw new IOException("neither a length nor chunks: " + answer);
      }
      if ("close".equals(header(answer, "connection"))) {
        channel.close();
        open();
      }
      return status;
    }

    private static String header(String head, String name) {
      int at = head.indexOf("\r\n" + name + ":");
      if (at < 0) {
        return null;
      }
      int end = head.indexOf("\r\n", at + 2);
      return head.substring(at + name.length() + 3, end < 0 ? head.length() : end).trim();
    }

    private String chunks(int begin) throws IOException {
      StringBuilder all = new StringBuilder();
      for (int at = begin; ; ) {
        int line = find("\r\n", at);
        int size = Integer.parseInt(text(at, line).trim(), 16);
        need(line + 2 + size + 2);
        all.append(text(line + 2, line + 2 + size));
        at = line + 2 + size + 2;
        if (size == 0) {
          return all.toString();
        }
      }
    }

    private String text(int begin, int end) {
      return new String(in.array(), begin, end - begin, StandardCharsets.UTF_8);
    }

    /** Where `wanted` begins, reading on until it is there. */
    private int find(String wanted, int from) throws IOException {
      for (int at = from; ; at++) {
        need(at + wanted.length());
        int same = 0;
        while (same < wanted.length() && in.array()[at + same] == wanted.charAt(same)) {
          same++;
        }
        if (same == wanted.length()) {
          return at;
        }
      }
    }

    /** Reads until so many bytes of the answer are there. */
    private void need(int bytes) throws IOException {
      while (length < bytes) {
        if (length == in.capacity()) {
          in = ByteBuffer.wrap(Arrays.copyOf(in.array(), 2 * length));
        }
        in.limit(in.capacity()).position(length);
        int read = channel.read(in);
        if (read < 0) {
          throw new EOFException("the server ended the connection within an answer");
        }
        length += read;
      }
    }
  }
}
