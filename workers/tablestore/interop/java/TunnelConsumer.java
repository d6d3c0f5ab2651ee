import com.alicloud.openservices.tablestore.TunnelClient;
import com.alicloud.openservices.tablestore.model.Column;
import com.alicloud.openservices.tablestore.model.RecordColumn;
import com.alicloud.openservices.tablestore.model.RecordSequenceInfo;
import com.alicloud.openservices.tablestore.model.StreamRecord;
import com.alicloud.openservices.tablestore.tunnel.worker.IChannelProcessor;
import com.alicloud.openservices.tablestore.tunnel.worker.ProcessRecordsInput;
import com.alicloud.openservices.tablestore.tunnel.worker.TunnelWorker;
import com.alicloud.openservices.tablestore.tunnel.worker.TunnelWorkerConfig;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs the SDK's own worker on a tunnel until standard input ends: each page that it hands over
 * becomes one line of standard output before it may be checkpointed.
 */
final class TunnelConsumer implements IChannelProcessor {
  private final PrintStream out;

  private TunnelConsumer(PrintStream out) {
    this.out = out;
  }

  /**
   * Arguments after the first: tunnel id, heartbeat interval in seconds, heartbeat time-out in
   * seconds, checkpoint interval in ms.
   */
  static void consume(TunnelClient client, String[] args, PrintStream out) throws Exception {
    TunnelWorkerConfig config = new TunnelWorkerConfig(new TunnelConsumer(out));
    config.setHeartbeatIntervalInSec(Long.parseLong(args[2]));
    config.setHeartbeatTimeoutInSec(Long.parseLong(args[3]));
    config.setCheckpointIntervalInMillis(Long.parseLong(args[4]));
    TunnelWorker worker = new TunnelWorker(args[1], client, config);
    worker.connectAndWorking();
    while (System.in.read() >= 0) {
      // Whatever comes is no concern of this program; only the end is.
    }
    worker.shutdown();
    config.shutdown();
    client.shutdown();
  }

  @Override
  public void process(ProcessRecordsInput input) {
    List<Object> records = new ArrayList<>();
    try {
      for (StreamRecord record : input.getRecords()) {
        records.add(writeRecord(record));
      }
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
    // The time puts the pages of several workers in order.
    Map<String, Object> page =
        Map.of(
            "at", System.currentTimeMillis(),
            "channel", input.getChannelId(),
            "records", records);
    String line = Program.GSON.toJson(page);
    // One write of the whole line: channels are processed at the same time.
    synchronized (out) {
      out.println(line);
      out.flush();
    }
  }

  @Override
  public void shutdown() {}

  private static Map<String, Object> writeRecord(StreamRecord record) throws Exception {
    List<Object> columns = new ArrayList<>();
    for (RecordColumn each : record.getColumns()) {
      columns.add(writeColumn(each));
    }
    Map<String, Object> written = new LinkedHashMap<>();
    written.put("action", record.getRecordType().name().toLowerCase());
    written.put("seq", writeSequence(record.getSequenceInfo()));
    written.put("key", Values.writeKey(record.getPrimaryKey()));
    written.put("columns", columns);
    return written;
  }

  /** Null for base data, of which this SDK tells zeroes. */
  private static String writeSequence(RecordSequenceInfo info) {
    if (info == null || info.getTimestamp() == 0) {
      return null;
    }
    return String.format(
        "%08x:%016x:%08x", info.getEpoch(), info.getTimestamp(), info.getRowIndex());
  }

  private static Map<String, Object> writeColumn(RecordColumn each) {
    Column column = each.getColumn();
    Map<String, Object> written = new LinkedHashMap<>();
    written.put("name", column.getName());
    switch (each.getColumnType()) {
      case PUT:
        written.put("op", "put");
        Values.writeValue(written, column.getValue());
        break;
      case DELETE_ONE_VERSION:
        written.put("op", "deleteVersion");
        break;
      default:
        written.put("op", "deleteColumn");
    }
    if (column.hasSetTimestamp()) {
      written.put("at", Long.toString(column.getTimestamp()));
    }
    return written;
  }
}
