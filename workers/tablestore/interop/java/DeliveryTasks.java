import com.alicloud.openservices.tablestore.SyncClient;
import com.alicloud.openservices.tablestore.model.delivery.CreateDeliveryTaskRequest;
import com.alicloud.openservices.tablestore.model.delivery.DataType;
import com.alicloud.openservices.tablestore.model.delivery.DeleteDeliveryTaskRequest;
import com.alicloud.openservices.tablestore.model.delivery.DeliveryTaskInfo;
import com.alicloud.openservices.tablestore.model.delivery.DeliveryTaskType;
import com.alicloud.openservices.tablestore.model.delivery.DescribeDeliveryTaskRequest;
import com.alicloud.openservices.tablestore.model.delivery.DescribeDeliveryTaskResponse;
import com.alicloud.openservices.tablestore.model.delivery.EventColumn;
import com.alicloud.openservices.tablestore.model.delivery.EventTimeFormat;
import com.alicloud.openservices.tablestore.model.delivery.ListDeliveryTaskRequest;
import com.alicloud.openservices.tablestore.model.delivery.OSSFileEncoding;
import com.alicloud.openservices.tablestore.model.delivery.OSSFileFormat;
import com.alicloud.openservices.tablestore.model.delivery.OSSTaskConfig;
import com.alicloud.openservices.tablestore.model.delivery.ParquetSchema;
import com.alicloud.openservices.tablestore.model.delivery.TaskSyncStat;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Delivery tasks. */
final class DeliveryTasks {
  private final SyncClient client;

  DeliveryTasks(SyncClient client) {
    this.client = client;
  }

  void addTo(Map<String, Program.Operation> operations) {
    operations.put("createDeliveryTask", this::create);
    operations.put("describeDeliveryTask", this::describe);
    operations.put("listDeliveryTasks", this::list);
    operations.put("deleteDeliveryTask", this::delete);
  }

  private Object create(JsonObject ask) {
    CreateDeliveryTaskRequest request = new CreateDeliveryTaskRequest();
    request.setTableName(Values.text(ask, "table"));
    request.setTaskName(Values.text(ask, "name"));
    request.setTaskType(DeliveryTaskType.valueOf(Values.text(ask, "type")));
    request.setTaskConfig(readConfig(ask.getAsJsonObject("config")));
    client.createDeliveryTask(request);
    return Map.of();
  }

  private static OSSTaskConfig readConfig(JsonObject from) {
    OSSTaskConfig config = new OSSTaskConfig();
    config.setOssPrefix(Values.text(from, "prefix"));
    config.setOssBucket(Values.text(from, "bucket"));
    config.setOssEndpoint(Values.text(from, "endpoint"));
    config.setOssStsRole(Values.text(from, "role"));
    config.setFormat(OSSFileFormat.Parquet);
    if (from.has("eventTime")) {
      JsonObject time = from.getAsJsonObject("eventTime");
      EventTimeFormat format = EventTimeFormat.valueOf(Values.text(time, "format"));
      config.setEventTimeColumn(new EventColumn(Values.text(time, "column"), format));
    }
    for (JsonObject column : Values.objects(from, "schema")) {
      ParquetSchema schema =
          new ParquetSchema(
              Values.text(column, "column"),
              Values.text(column, "name"),
              DataType.values()[column.get("type").getAsInt()]);
      schema.setEncode(OSSFileEncoding.values()[column.get("encode").getAsInt()]);
      config.addParquetSchema(schema);
    }
    return config;
  }

  private Object describe(JsonObject ask) {
    DescribeDeliveryTaskRequest request =
        new DescribeDeliveryTaskRequest(Values.text(ask, "table"), Values.text(ask, "name"));
    DescribeDeliveryTaskResponse response = client.describeDeliveryTask(request);
    TaskSyncStat stat = response.getTaskSyncStat();
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("type", response.getTaskType().name());
    answer.put("config", writeConfig(response.getTaskConfig()));
    answer.put("phase", stat.getTaskSyncPhase().name());
    answer.put("through", Long.toString(stat.getCurrentSyncPoint().getTime()));
    answer.put("error", stat.getErrorType().name());
    answer.put("detail", stat.getDetail() == null ? "" : stat.getDetail());
    return answer;
  }

  private static Map<String, Object> writeConfig(OSSTaskConfig config) {
    Map<String, Object> written = new LinkedHashMap<>();
    written.put("prefix", config.getOssPrefix());
    written.put("bucket", config.getOssBucket());
    written.put("endpoint", config.getOssEndpoint());
    written.put("role", config.getOssStsRole());
    EventColumn time = config.getEventTimeColumn();
    if (time != null) {
      written.put(
          "eventTime",
          Map.of("column", time.getColumnName(), "format", time.getEventTimeFormat().name()));
    }
    List<Object> schema = new ArrayList<>();
    for (ParquetSchema column : config.getParquetSchemaList()) {
      schema.add(
          Map.of(
              "column", column.getColumnName(),
              "name", column.getOssColumnName(),
              "type", column.getType().ordinal(),
              "encode", column.getEncode().ordinal()));
    }
    written.put("schema", schema);
    return written;
  }

  private Object list(JsonObject ask) {
    ListDeliveryTaskRequest request = new ListDeliveryTaskRequest(Values.text(ask, "table"));
    List<Object> tasks = new ArrayList<>();
    for (DeliveryTaskInfo task : client.listDeliveryTask(request).getTaskInfos()) {
      tasks.add(
          Map.of(
              "table", task.getTableName(),
              "name", task.getTaskName(),
              "type", task.getTaskType().name()));
    }
    return Map.of("tasks", tasks);
  }

  private Object delete(JsonObject ask) {
    DeleteDeliveryTaskRequest request =
        new DeleteDeliveryTaskRequest(Values.text(ask, "table"), Values.text(ask, "name"));
    client.deleteDeliveryTask(request);
    return Map.of();
  }
}
