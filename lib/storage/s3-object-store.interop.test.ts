import { ensureBucket } from "./create-bucket";
import type { S3StoreConfig } from "./s3-client";
import { createS3ObjectStore } from "./s3-object-store";
import { describeObjectStore } from "./testing/object-store-contract";
import { gatewayKey, gatewayRegion, startVersityGateway } from "./testing/versity-gateway";

for (const requestChecksumCalculation of ["WHEN_SUPPORTED", "WHEN_REQUIRED"] as const) {
  const name = `the S3 adapter on Versity's gateway, checksums ${requestChecksumCalculation},`;
  describeObjectStore(name, async () => {
    const gateway = await startVersityGateway();
    const config: S3StoreConfig = {
      endpoint: gateway.endpoint,
      region: gatewayRegion,
      bucket: "delivered",
      ...gatewayKey,
      forcePathStyle: true,
      requestTimeoutMs: 10_000,
      requestChecksumCalculation,
    };
    await ensureBucket(config);
    const store = createS3ObjectStore(config);
    const another = createS3ObjectStore(config);
    const missing = createS3ObjectStore({ ...config, bucket: "missing" });
    return {
      store,
      another,
      missing,
      async close() {
        for (const opened of [store, another, missing]) opened.close();
        await gateway.close();
      },
    };
  });
}
