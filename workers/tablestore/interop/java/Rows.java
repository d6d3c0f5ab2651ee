import com.alicloud.openservices.tablestore.SyncClient;
import com.alicloud.openservices.tablestore.model.BatchGetRowRequest;
import com.alicloud.openservices.tablestore.model.BatchGetRowResponse;
import com.alicloud.openservices.tablestore.model.BatchWriteRowRequest;
import com.alicloud.openservices.tablestore.model.BatchWriteRowResponse;
import com.alicloud.openservices.tablestore.model.Column;
import com.alicloud.openservices.tablestore.model.ColumnValue;
import com.alicloud.openservices.tablestore.model.Condition;
import com.alicloud.openservices.tablestore.model.CreateTableRequest;
import com.alicloud.openservices.tablestore.model.DeleteRowRequest;
import com.alicloud.openservices.tablestore.model.DeleteTableRequest;
import com.alicloud.openservices.tablestore.model.DescribeTableRequest;
import com.alicloud.openservices.tablestore.model.DescribeTableResponse;
import com.alicloud.openservices.tablestore.model.Direction;
import com.alicloud.openservices.tablestore.model.GetRangeRequest;
import com.alicloud.openservices.tablestore.model.GetRangeResponse;
import com.alicloud.openservices.tablestore.model.GetRowRequest;
import com.alicloud.openservices.tablestore.model.MultiRowQueryCriteria;
import com.alicloud.openservices.tablestore.model.PrimaryKey;
import com.alicloud.openservices.tablestore.model.PrimaryKeyOption;
import com.alicloud.openservices.tablestore.model.PrimaryKeySchema;
import com.alicloud.openservices.tablestore.model.PrimaryKeyType;
import com.alicloud.openservices.tablestore.model.PutRowRequest;
import com.alicloud.openservices.tablestore.model.RangeRowQueryCriteria;
import com.alicloud.openservices.tablestore.model.ReturnType;
import com.alicloud.openservices.tablestore.model.Row;
import com.alicloud.openservices.tablestore.model.RowChange;
import com.alicloud.openservices.tablestore.model.RowDeleteChange;
import com.alicloud.openservices.tablestore.model.RowExistenceExpectation;
import com.alicloud.openservices.tablestore.model.RowPutChange;
import com.alicloud.openservices.tablestore.model.RowUpdateChange;
import com.alicloud.openservices.tablestore.model.SingleRowQueryCriteria;
import com.alicloud.openservices.tablestore.model.StreamSpecification;
import com.alicloud.openservices.tablestore.model.TableMeta;
import com.alicloud.openservices.tablestore.model.TableOptions;
import com.alicloud.openservices.tablestore.model.UpdateRowRequest;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tables and rows. */
final class Rows {
  private final SyncClient client;

  Rows(SyncClient client) {
    this.client = client;
  }

  void addTo(Map<String, Program.Operation> operations) {
    operations.put("createTable", this::createTable);
    operations.put("describeTable", this::describeTable);
    operations.put("listTables", ask -> Map.of("tables", client.listTable().getTableNames()));
    operations.put("deleteTable", this::deleteTable);
    operations.put("write", this::write);
    operations.put("batchWrite", this::batchWrite);
    operations.put("getRow", this::getRow);
    operations.put("getRange", this::getRange);
    operations.put("batchGet", this::batchGet);
  }

  private Object createTable(JsonObject ask) {
    TableMeta meta = new TableMeta(Values.text(ask, "table"));
    for (JsonObject column : Values.objects(ask, "key")) {
      String name = Values.text(column, "name");
      if (column.has("auto")) {
        meta.addAutoIncrementPrimaryKeyColumn(name);
      } else {
        String type = Values.text(column, "type").toUpperCase();
        meta.addPrimaryKeyColumn(name, PrimaryKeyType.valueOf(type));
      }
    }
    int versions = ask.has("versions") ? ask.get("versions").getAsInt() : 1;
    CreateTableRequest request = new CreateTableRequest(meta, new TableOptions(-1, versions));
    if (ask.has("streamHours")) {
      request.setStreamSpecification(
          new StreamSpecification(true, ask.get("streamHours").getAsInt()));
    }
    client.createTable(request);
    return Map.of();
  }

  private Object describeTable(JsonObject ask) {
    DescribeTableResponse described =
        client.describeTable(new DescribeTableRequest(Values.text(ask, "table")));
    List<Map<String, Object>> key = new ArrayList<>();
    for (PrimaryKeySchema column : described.getTableMeta().getPrimaryKeyList()) {
      Map<String, Object> written = new LinkedHashMap<>();
      written.put("name", column.getName());
      written.put("type", column.getType().name().toLowerCase());
      if (column.hasOption() && column.getOption() == PrimaryKeyOption.AUTO_INCREMENT) {
        written.put("auto", true);
      }
      key.add(written);
    }
    return Map.of("key", key, "versions", described.getTableOptions().getMaxVersions());
  }

  private Object deleteTable(JsonObject ask) {
    client.deleteTable(new DeleteTableRequest(Values.text(ask, "table")));
    return Map.of();
  }

  private static RowChange readChange(JsonObject ask) {
    RowChange change = readColumns(ask);
    Condition condition =
        new Condition(
            ask.has("expect")
                ? RowExistenceExpectation.valueOf(Values.text(ask, "expect"))
                : RowExistenceExpectation.IGNORE);
    if (ask.has("condition")) {
      condition.setColumnCondition(Filters.readCondition(ask.getAsJsonObject("condition")));
    }
    change.setCondition(condition);
    if (ask.has("returnKey")) {
      change.setReturnType(ReturnType.RT_PK);
    }
    return change;
  }

  private static RowChange readColumns(JsonObject ask) {
    String table = Values.text(ask, "table");
    PrimaryKey key = Values.readKey(ask, "key");
    switch (Values.text(ask, "kind")) {
      case "put":
        RowPutChange put = new RowPutChange(table, key);
        Values.objects(ask, "put").forEach(cell -> put.addColumn(readCell(cell)));
        return put;
      case "update":
        return readUpdate(new RowUpdateChange(table, key), ask);
      default:
        return new RowDeleteChange(table, key);
    }
  }

  private static RowChange readUpdate(RowUpdateChange change, JsonObject ask) {
    Values.objects(ask, "put").forEach(cell -> change.put(readCell(cell)));
    if (ask.has("deleteColumns")) {
      for (JsonElement name : ask.getAsJsonArray("deleteColumns")) {
        change.deleteColumns(name.getAsString());
      }
    }
    for (JsonObject version : Values.objects(ask, "deleteVersions")) {
      change.deleteColumn(Values.text(version, "name"), version.get("at").getAsLong());
    }
    for (JsonObject increment : Values.objects(ask, "increments")) {
      ColumnValue by = ColumnValue.fromLong(increment.get("by").getAsLong());
      change.increment(new Column(Values.text(increment, "name"), by));
    }
    return change;
  }

  private static Column readCell(JsonObject cell) {
    String name = Values.text(cell, "name");
    ColumnValue value = Values.readValue(cell);
    return cell.has("at")
        ? new Column(name, value, cell.get("at").getAsLong())
        : new Column(name, value);
  }

  private Object write(JsonObject ask) throws Exception {
    RowChange change = readChange(ask);
    Row returned;
    if (change instanceof RowPutChange) {
      returned = client.putRow(new PutRowRequest((RowPutChange) change)).getRow();
    } else if (change instanceof RowUpdateChange) {
      returned = client.updateRow(new UpdateRowRequest((RowUpdateChange) change)).getRow();
    } else {
      returned = client.deleteRow(new DeleteRowRequest((RowDeleteChange) change)).getRow();
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("key", returned == null ? null : Values.writeKey(returned.getPrimaryKey()));
    return answer;
  }

  private Object batchWrite(JsonObject ask) {
    BatchWriteRowRequest request = new BatchWriteRowRequest();
    Values.objects(ask, "writes").forEach(write -> request.addRowChange(readChange(write)));
    String table = Values.text(Values.objects(ask, "writes").get(0), "table");
    List<Map<String, Object>> results = new ArrayList<>();
    for (BatchWriteRowResponse.RowResult result :
        client.batchWriteRow(request).getRowStatus(table)) {
      results.add(
          result.isSucceed()
              ? Map.of("ok", true)
              : Map.of("ok", false, "code", result.getError().getCode()));
    }
    return Map.of("results", results);
  }

  private Object getRow(JsonObject ask) throws Exception {
    SingleRowQueryCriteria criteria =
        new SingleRowQueryCriteria(Values.text(ask, "table"), Values.readKey(ask, "key"));
    criteria.setMaxVersions(ask.has("versions") ? ask.get("versions").getAsInt() : 1);
    if (ask.has("columns")) {
      for (JsonElement name : ask.getAsJsonArray("columns")) {
        criteria.addColumnsToGet(name.getAsString());
      }
    }
    if (ask.has("filter")) {
      criteria.setFilter(Filters.readFilter(ask.getAsJsonObject("filter")));
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("row", Values.writeRow(client.getRow(new GetRowRequest(criteria)).getRow()));
    return answer;
  }

  private Object getRange(JsonObject ask) throws Exception {
    RangeRowQueryCriteria criteria = new RangeRowQueryCriteria(Values.text(ask, "table"));
    criteria.setMaxVersions(1);
    criteria.setDirection(ask.has("backward") && ask.get("backward").getAsBoolean()
        ? Direction.BACKWARD
        : Direction.FORWARD);
    criteria.setInclusiveStartPrimaryKey(Values.readKey(ask, "from"));
    criteria.setExclusiveEndPrimaryKey(Values.readKey(ask, "to"));
    if (ask.has("limit")) {
      criteria.setLimit(ask.get("limit").getAsInt());
    }
    if (ask.has("filter")) {
      criteria.setFilter(Filters.readFilter(ask.getAsJsonObject("filter")));
    }
    GetRangeResponse response = client.getRange(new GetRangeRequest(criteria));
    List<Object> rows = new ArrayList<>();
    for (Row row : response.getRows()) {
      rows.add(Values.writeRow(row));
    }
    PrimaryKey next = response.getNextStartPrimaryKey();
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("rows", rows);
    answer.put("next", next == null ? null : Values.writeKey(next));
    return answer;
  }

  private Object batchGet(JsonObject ask) throws Exception {
    String table = Values.text(ask, "table");
    MultiRowQueryCriteria criteria = new MultiRowQueryCriteria(table);
    criteria.setMaxVersions(1);
    for (JsonElement key : ask.getAsJsonArray("keys")) {
      List<JsonObject> columns = new ArrayList<>();
      key.getAsJsonArray().forEach(column -> columns.add(column.getAsJsonObject()));
      criteria.addRow(Values.readKey(columns));
    }
    BatchGetRowRequest request = new BatchGetRowRequest();
    request.addMultiRowQueryCriteria(criteria);
    List<Object> rows = new ArrayList<>();
    for (BatchGetRowResponse.RowResult result :
        client.batchGetRow(request).getBatchGetRowResult(table)) {
      rows.add(Values.writeRow(result.getRow()));
    }
    return Map.of("rows", rows);
  }
}
