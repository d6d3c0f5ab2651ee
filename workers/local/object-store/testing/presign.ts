import type { S3Client } from "@aws-sdk/client-s3";

type Signer = {
  presign(
    request: Record<string, unknown>,
    options: { expiresIn: number; signingDate?: Date; unsignableHeaders?: Set<string> },
  ): Promise<{ query: Record<string, string> }>;
};

/** A URL signed by the SDK's own signer, which shares no code with ours. */
export async function presign(
  client: S3Client,
  wanted: {
    method: string;
    bucket: string;
    key: string;
    query?: Record<string, string>;
    expiresIn?: number;
    signingDate?: Date;
  },
): Promise<string> {
  const signer = (await client.config.signer()) as unknown as Signer;
  const endpoint = await client.config.endpoint?.();
  if (endpoint === undefined) throw new Error("The client needs an endpoint of its own");
  const path = `/${wanted.bucket}/${wanted.key.split("/").map(encodeURIComponent).join("/")}`;
  const host = `${endpoint.hostname}:${endpoint.port}`;
  const signed = await signer.presign(
    {
      method: wanted.method,
      protocol: "http:",
      hostname: endpoint.hostname,
      port: endpoint.port,
      path,
      query: wanted.query ?? {},
      headers: { host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
    },
    {
      expiresIn: wanted.expiresIn ?? 60,
      ...(wanted.signingDate === undefined ? {} : { signingDate: wanted.signingDate }),
      unsignableHeaders: new Set(["x-amz-content-sha256"]),
    },
  );
  return `http://${host}${path}?${new URLSearchParams(signed.query)}`;
}
