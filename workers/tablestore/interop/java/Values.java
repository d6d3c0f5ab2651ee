import com.alicloud.openservices.tablestore.model.Column;
import com.alicloud.openservices.tablestore.model.ColumnValue;
import com.alicloud.openservices.tablestore.model.PrimaryKey;
import com.alicloud.openservices.tablestore.model.PrimaryKeyBuilder;
import com.alicloud.openservices.tablestore.model.PrimaryKeyColumn;
import com.alicloud.openservices.tablestore.model.PrimaryKeyValue;
import com.alicloud.openservices.tablestore.model.Row;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Keys, values and rows between JSON and the SDK. */
final class Values {
  private Values() {}

  static String text(JsonObject from, String field) {
    return from.get(field).getAsString();
  }

  static List<JsonObject> objects(JsonObject from, String field) {
    List<JsonObject> objects = new ArrayList<>();
    JsonArray array = from.getAsJsonArray(field);
    if (array != null) {
      for (JsonElement element : array) {
        objects.add(element.getAsJsonObject());
      }
    }
    return objects;
  }

  static ColumnValue readValue(JsonObject from) {
    String value = text(from, "value");
    switch (text(from, "type")) {
      case "integer":
        return ColumnValue.fromLong(Long.parseLong(value));
      case "string":
        return ColumnValue.fromString(value);
      case "boolean":
        return ColumnValue.fromBoolean(value.equals("true"));
      case "binary":
        return ColumnValue.fromBinary(Base64.getDecoder().decode(value));
      case "double":
        return ColumnValue.fromDouble(Double.longBitsToDouble(Long.parseUnsignedLong(value, 16)));
      default:
        throw new IllegalArgumentException(text(from, "type"));
    }
  }

  static void writeValue(Map<String, Object> to, ColumnValue value) {
    switch (value.getType()) {
      case INTEGER:
        put(to, "integer", Long.toString(value.asLong()));
        return;
      case STRING:
        put(to, "string", value.asString());
        return;
      case BOOLEAN:
        put(to, "boolean", Boolean.toString(value.asBoolean()));
        return;
      case BINARY:
        put(to, "binary", Base64.getEncoder().encodeToString(value.asBinary()));
        return;
      case DOUBLE:
        long bits = Double.doubleToRawLongBits(value.asDouble());
        put(to, "double", String.format("%016x", bits));
        return;
      default:
        throw new IllegalArgumentException(value.toString());
    }
  }

  private static void put(Map<String, Object> to, String type, String value) {
    to.put("type", type);
    to.put("value", value);
  }

  static PrimaryKey readKey(JsonObject from, String field) {
    return readKey(objects(from, field));
  }

  static PrimaryKey readKey(List<JsonObject> columns) {
    PrimaryKeyBuilder key = PrimaryKeyBuilder.createPrimaryKeyBuilder();
    for (JsonObject column : columns) {
      key.addPrimaryKeyColumn(text(column, "name"), readKeyValue(column));
    }
    return key.build();
  }

  private static PrimaryKeyValue readKeyValue(JsonObject from) {
    switch (text(from, "type")) {
      case "min":
        return PrimaryKeyValue.INF_MIN;
      case "max":
        return PrimaryKeyValue.INF_MAX;
      case "auto":
        return PrimaryKeyValue.AUTO_INCREMENT;
      default:
        return PrimaryKeyValue.fromColumn(readValue(from));
    }
  }

  static List<Map<String, Object>> writeKey(PrimaryKey key) throws Exception {
    List<Map<String, Object>> columns = new ArrayList<>();
    for (PrimaryKeyColumn column : key.getPrimaryKeyColumns()) {
      Map<String, Object> written = new LinkedHashMap<>();
      written.put("name", column.getName());
      writeValue(written, column.getValue().toColumnValue());
      columns.add(written);
    }
    return columns;
  }

  /** Null for a row that is not there. */
  static Map<String, Object> writeRow(Row row) throws Exception {
    if (row == null) {
      return null;
    }
    List<Map<String, Object>> columns = new ArrayList<>();
    for (Column column : row.getColumns()) {
      Map<String, Object> written = new LinkedHashMap<>();
      written.put("name", column.getName());
      writeValue(written, column.getValue());
      written.put("at", Long.toString(column.getTimestamp()));
      columns.add(written);
    }
    return Map.of("key", writeKey(row.getPrimaryKey()), "columns", columns);
  }
}
