import { describeDelivery } from "./testing/interop/delivery-scenario";
import { describeLanguage } from "./testing/interop/for-language";
import { describeRows } from "./testing/interop/row-scenario";
import { startDriver } from "./testing/interop/sdk-driver";
import { describeTunnels } from "./testing/interop/tunnel-scenario";

await describeLanguage("go", (program) => {
  describeRows("Go", {
    start: (access) => startDriver(program, access),
    hasPageFilter: true,
    blobBytesMax: 2 * 1024 * 1024,
    signatures: ["v2"],
  });
  describeTunnels("Go", program, { heartbeatSeconds: 1, timeoutSeconds: 4, checkpointMs: 1000 });
  describeDelivery("Go", program);
});
