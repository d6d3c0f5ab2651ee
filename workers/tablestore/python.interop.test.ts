import { describeLanguage } from "./testing/interop/for-language";
import { describeRows } from "./testing/interop/row-scenario";
import { startDriver } from "./testing/interop/sdk-driver";

await describeLanguage("python", (program) => {
  describeRows("Python", {
    start: (access) => startDriver(program, access),
    hasPageFilter: false,
    blobBytesMax: 2 * 1024 * 1024,
    signatures: ["v2", "v4"],
  });
});
