/**
 * The least that an access key needs to deliver under `prefixes` of `bucket`, as the JSON text of
 * an IAM policy, to be shown when access is denied. An empty prefix means the whole bucket.
 *
 * ListBucket is there for HEAD too: without it S3 answers 403 instead of 404 for a key that does
 * not exist, and Culvert could not tell "free" from "forbidden". HEAD has no s3:prefix, hence IfExists.
 */
export function destinationPolicy(destination: {
  readonly bucket: string;
  readonly prefixes: readonly string[];
  /** Folders of datasets, where an overwrite removes what it replaces. Nothing else is ever removed. */
  readonly replaced?: readonly string[];
}): string {
  const bucketArn = `arn:aws:s3:::${destination.bucket}`;
  const prefixes = [...new Set(destination.prefixes)].sort().map(escapePolicyText);
  const replaced = [...new Set(destination.replaced)].sort().map(escapePolicyText);
  const whole = prefixes.length === 0 || prefixes.includes("");
  const patterns = whole ? ["*"] : prefixes.map((prefix) => `${prefix}*`);
  const policy = {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "CulvertDeliversObjects",
        Effect: "Allow",
        Action: [
          "s3:PutObject",
          "s3:GetObject",
          "s3:AbortMultipartUpload",
          "s3:ListMultipartUploadParts",
        ],
        Resource: patterns.map((pattern) => `${bucketArn}/${pattern}`),
      },
      {
        Sid: "CulvertSeesWhatIsThere",
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: [bucketArn],
        ...(whole ? {} : { Condition: { StringLikeIfExists: { "s3:prefix": patterns } } }),
      },
      ...(replaced.length === 0
        ? []
        : [
            {
              Sid: "CulvertReplacesWhatItWrote",
              Effect: "Allow",
              Action: ["s3:DeleteObject"],
              Resource: replaced.map((prefix) => `${bucketArn}/${prefix}*`),
            },
          ]),
    ],
  };
  return JSON.stringify(policy, null, 2);
}

/** `*`, `?` and `$` mean something in a policy; in a folder's name they are themselves. */
function escapePolicyText(prefix: string): string {
  return prefix.replace(/[*?$]/g, (character) => `\${${character}}`);
}
