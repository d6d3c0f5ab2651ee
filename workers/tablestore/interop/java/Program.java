import com.alicloud.openservices.tablestore.ClientConfiguration;
import com.alicloud.openservices.tablestore.SyncClient;
import com.alicloud.openservices.tablestore.TableStoreException;
import com.alicloud.openservices.tablestore.TunnelClient;
import com.alicloud.openservices.tablestore.core.auth.CredentialsProvider;
import com.alicloud.openservices.tablestore.core.auth.DefaultCredentialProvider;
import com.alicloud.openservices.tablestore.core.auth.DefaultCredentials;
import com.alicloud.openservices.tablestore.core.auth.ServiceCredentials;
import com.alicloud.openservices.tablestore.core.auth.V4Credentials;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * The official Java SDK as a program: one JSON request per line in, one answer per line out, as
 * sdk-driver.ts has them. With the argument "worker" it consumes a tunnel instead.
 */
public final class Program {
  interface Operation {
    Object run(JsonObject ask) throws Exception;
  }

  static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

  public static void main(String[] args) throws Exception {
    String endpoint = System.getenv("SDK_ENDPOINT");
    String instance = System.getenv("SDK_INSTANCE");
    CredentialsProvider credentials = new DefaultCredentialProvider(credentials());
    TunnelClient tunnels = new TunnelClient(endpoint, credentials, instance, configuration(), null);
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    if (args.length > 0 && args[0].equals("worker")) {
      TunnelConsumer.consume(tunnels, args, out);
      return;
    }
    SyncClient client = new SyncClient(endpoint, credentials, instance, configuration(), null);
    answerLines(operations(client, tunnels), out);
    client.shutdown();
    tunnels.shutdown();
  }

  private static ServiceCredentials credentials() {
    ServiceCredentials key =
        new DefaultCredentials(
            System.getenv("SDK_ACCESS_KEY_ID"), System.getenv("SDK_ACCESS_KEY_SECRET"));
    if (!"v4".equals(System.getenv("SDK_SIGNATURE"))) {
      return key;
    }
    return V4Credentials.createByServiceCredentials(key, "local");
  }

  /** Everything the SDK can check of an answer is checked. */
  private static ClientConfiguration configuration() {
    ClientConfiguration configuration = new ClientConfiguration();
    configuration.setEnableResponseValidation(true);
    configuration.setEnableResponseContentMD5Checking(true);
    return configuration;
  }

  private static Map<String, Operation> operations(SyncClient client, TunnelClient tunnels) {
    Map<String, Operation> operations = new HashMap<>();
    new Rows(client).addTo(operations);
    new Tunnels(tunnels).addTo(operations);
    new DeliveryTasks(client).addTo(operations);
    return operations;
  }

  private static void answerLines(Map<String, Operation> operations, PrintStream out)
      throws Exception {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      out.println(GSON.toJson(answer(operations, JsonParser.parseString(line).getAsJsonObject())));
      out.flush();
    }
  }

  private static Map<String, Object> answer(Map<String, Operation> operations, JsonObject ask) {
    Operation operation = operations.get(ask.get("do").getAsString());
    try {
      return Map.of("ok", operation.run(ask));
    } catch (TableStoreException refused) {
      return fault(refused.getErrorCode(), refused);
    } catch (Exception error) {
      return fault(error.getClass().getSimpleName(), error);
    }
  }

  private static Map<String, Object> fault(String code, Exception error) {
    return Map.of(
        "error",
        Map.of("code", String.valueOf(code), "message", String.valueOf(error.getMessage())));
  }
}
