import { describeDelivery } from "./testing/interop/delivery-scenario";
import { describeLanguage } from "./testing/interop/for-language";
import { describeRows } from "./testing/interop/row-scenario";
import { startDriver } from "./testing/interop/sdk-driver";
import { describeTunnels } from "./testing/interop/tunnel-scenario";

await describeLanguage("java", (program) => {
  describeRows("Java", {
    start: (access) => startDriver(program, access),
    hasPageFilter: true,
    blobBytesMax: 2 * 1024 * 1024,
    signatures: ["v2", "v4"],
  });
  // Five seconds is the shortest heartbeat that this SDK takes.
  describeTunnels("Java", program, { heartbeatSeconds: 5, timeoutSeconds: 8, checkpointMs: 1000 });
  describeDelivery("Java", program);
});
