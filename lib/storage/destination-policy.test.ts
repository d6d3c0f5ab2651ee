import { describe, expect, it } from "vitest";
import { destinationPolicy } from "./destination-policy";

describe("the policy shown when access is denied", () => {
  it("allows delivery under the prefixes and nothing else", () => {
    const policy: unknown = JSON.parse(
      destinationPolicy({ bucket: "lake", prefixes: ["orders/", "_dirty/orders/", "orders/"] }),
    );
    expect(policy).toEqual({
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
          Resource: ["arn:aws:s3:::lake/_dirty/orders/*", "arn:aws:s3:::lake/orders/*"],
        },
        {
          Sid: "CulvertSeesWhatIsThere",
          Effect: "Allow",
          Action: ["s3:ListBucket"],
          Resource: ["arn:aws:s3:::lake"],
          Condition: {
            StringLikeIfExists: { "s3:prefix": ["_dirty/orders/*", "orders/*"] },
          },
        },
      ],
    });
  });

  it("allows removing in the folders of datasets, whose objects an overwrite replaces, and nowhere else", () => {
    const { Statement } = JSON.parse(
      destinationPolicy({ bucket: "lake", prefixes: ["orders/", "sales/"], replaced: ["sales/"] }),
    ) as { Statement: { Action: string[]; Resource: string[] }[] };
    const removing = Statement.filter(({ Action }) => Action.includes("s3:DeleteObject"));
    expect(removing.map(({ Action, Resource }) => [Action, Resource])).toEqual([
      [["s3:DeleteObject"], ["arn:aws:s3:::lake/sales/*"]],
    ]);
  });

  it("covers the whole bucket for a task without a folder", () => {
    const text = destinationPolicy({ bucket: "lake", prefixes: ["", "orders/"] });
    expect(text).toContain('"arn:aws:s3:::lake/*"');
    expect(text).not.toContain("Condition");
  });

  it("lets no character of a folder's name become a wildcard", () => {
    const text = destinationPolicy({ bucket: "lake", prefixes: ["a*b?c$d/"] });
    expect(text).toContain(["lake/a$", "{*}b$", "{?}c$", "{$}d/*"].join(""));
  });
});
