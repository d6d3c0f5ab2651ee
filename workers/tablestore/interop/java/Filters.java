import com.alicloud.openservices.tablestore.model.condition.ColumnCondition;
import com.alicloud.openservices.tablestore.model.filter.ColumnPaginationFilter;
import com.alicloud.openservices.tablestore.model.filter.ColumnValueFilter;
import com.alicloud.openservices.tablestore.model.filter.CompositeColumnValueFilter;
import com.alicloud.openservices.tablestore.model.filter.Filter;
import com.alicloud.openservices.tablestore.model.filter.SingleColumnValueFilter;
import com.google.gson.JsonObject;
import java.util.Map;

/** Filters and conditions, which the SDK keeps apart although the wire does not. */
final class Filters {
  private static final Map<String, SingleColumnValueFilter.CompareOperator> COMPARATORS =
      Map.of(
          "=", SingleColumnValueFilter.CompareOperator.EQUAL,
          "!=", SingleColumnValueFilter.CompareOperator.NOT_EQUAL,
          ">", SingleColumnValueFilter.CompareOperator.GREATER_THAN,
          ">=", SingleColumnValueFilter.CompareOperator.GREATER_EQUAL,
          "<", SingleColumnValueFilter.CompareOperator.LESS_THAN,
          "<=", SingleColumnValueFilter.CompareOperator.LESS_EQUAL);

  private Filters() {}

  static Filter readFilter(JsonObject from) {
    if (Values.text(from, "kind").equals("page")) {
      return new ColumnPaginationFilter(
          from.get("limit").getAsInt(), from.get("offset").getAsInt());
    }
    return readValueFilter(from);
  }

  static ColumnCondition readCondition(JsonObject from) {
    ColumnValueFilter filter = readValueFilter(from);
    if (filter instanceof SingleColumnValueFilter) {
      return ((SingleColumnValueFilter) filter).toCondition();
    }
    return ((CompositeColumnValueFilter) filter).toCondition();
  }

  private static ColumnValueFilter readValueFilter(JsonObject from) {
    String kind = Values.text(from, "kind");
    if (kind.equals("compare")) {
      return new SingleColumnValueFilter(
              Values.text(from, "column"),
              COMPARATORS.get(Values.text(from, "operator")),
              Values.readValue(from.getAsJsonObject("value")))
          .setPassIfMissing(from.get("passIfMissing").getAsBoolean())
          .setLatestVersionsOnly(from.get("latestOnly").getAsBoolean());
    }
    CompositeColumnValueFilter composite =
        new CompositeColumnValueFilter(
            CompositeColumnValueFilter.LogicOperator.valueOf(kind.toUpperCase()));
    for (JsonObject part : Values.objects(from, "of")) {
      composite.addFilter(readValueFilter(part));
    }
    return composite;
  }
}
