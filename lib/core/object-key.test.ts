import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  dirtyObjectKey,
  dirtyObjectStem,
  objectKeyBytesMax,
  partitionBytesMax,
  rowFileNameBytesMax,
  rowObjectKey,
  rowObjectStem,
} from "./object-key";
import { readPrefixTemplate, renderPartition } from "./prefix-template";

/** One published example: what went in, what the page prints, and what its own rule says. */
type PublishedExample = {
  bucket: string;
  task: string;
  prefix: string;
  writtenAt: { year: number; month: number; day: number; hour: number; minute: number };
  lane: number;
  sequence: number;
  published: string;
  correct: string;
  misprint: string | null;
};

const folder = fileURLToPath(new URL("./fixtures/object-key/", import.meta.url));
const examples = readdirSync(folder).map((name): [string, PublishedExample] => [
  name,
  JSON.parse(readFileSync(folder + name, "utf8")),
]);

describe("the published examples of object names", () => {
  it("are all four here, two of them misprinted", () => {
    expect(examples).toHaveLength(4);
    expect(examples.filter(([, example]) => example.misprint !== null)).toHaveLength(2);
  });

  it.each(examples)("%s comes out as the published rule says", (_name, example) => {
    const template = readPrefixTemplate(example.prefix);
    const partition = template && renderPartition(template, example.writtenAt);
    const key = rowObjectKey(
      rowObjectStem(example.task, example.lane, partition ?? ""),
      example.sequence,
      "",
    );
    expect(`oss://${example.bucket}/${key}`).toBe(example.correct);
    expect(example.published === example.correct).toBe(example.misprint === null);
  });
});

describe("object keys", () => {
  it("end in the suffix that the task asks for", () => {
    expect(rowObjectKey(rowObjectStem("orders", 12, "a/b"), 3, ".parquet")).toBe(
      "a/b/orders_12_a_b__3.parquet",
    );
  });

  it("fit S3's bound for the longest partition, name, lane, sequence and suffix", () => {
    const stem = rowObjectStem("a".repeat(16), 9_999_999_999, "p".repeat(partitionBytesMax));
    const key = rowObjectKey(stem, 9_999_999_999, ".parquet");
    expect(key.length).toBeLessThanOrEqual(objectKeyBytesMax);
    expect(key.length).toBeGreaterThan(objectKeyBytesMax - 3);
    expect(key.length - partitionBytesMax - 1).toBe(
      rowFileNameBytesMax("p".repeat(partitionBytesMax)),
    );
  });

  it("keep dirty values of each lane apart, in one flat folder", () => {
    expect(dirtyObjectKey(dirtyObjectStem("orders", 2, "_dirty/orders/"), 7)).toBe(
      "_dirty/orders/orders_2__7.ndjson",
    );
    expect(dirtyObjectStem("orders", 2, "_dirty/orders")).toBe(
      dirtyObjectStem("orders", 2, "_dirty/orders/"),
    );
  });
});
