import { startNodeDriver } from "./testing/interop/node-driver";
import { describeRows } from "./testing/interop/row-scenario";

describeRows("npm", {
  start: startNodeDriver,
  hasPageFilter: true,
  blobBytesMax: 2 * 1024 * 1024,
  signatures: ["v2"],
});
