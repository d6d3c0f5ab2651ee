import { expect, test } from "vitest";
import { chooseBlockBytes, cutFile, type FileBlock, lineInFile } from "./cut-file";

const MiB = 1024 * 1024;

async function blocksOf(...args: Parameters<typeof cutFile>): Promise<FileBlock[]> {
  const blocks: FileBlock[] = [];
  for await (const block of cutFile(...args)) blocks.push(block);
  return blocks;
}

/** Some 5 MiB; each record has a line break in quotes. */
const header = '\ufeff\n"id","note"\n';
const records = Array.from(
  { length: 120_000 },
  (_, id) => `${id},"${"x".repeat(30)}\n""${id}"""\n`,
);
const csv = new Blob([header, ...records]);

test("CSV is cut between records, every block has the header, and together they are the file", async () => {
  const blocks = await blocksOf(csv, "csv", MiB);
  expect(blocks.length).toBeGreaterThan(2);
  expect(blocks.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(csv.size);
  const headerBytes = new Blob([header]).size;
  const rows: string[] = [];
  for (const [index, block] of blocks.entries()) {
    const bytes = new Uint8Array(await block.body.arrayBuffer());
    expect(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.slice(0, headerBytes))).toBe(
      header,
    );
    expect(bytes.length).toBe(block.bytes + (index === 0 ? 0 : headerBytes));
    rows.push(new TextDecoder().decode(bytes.slice(headerBytes)));
  }
  expect(rows.join("")).toBe(records.join(""));
});

test("a line of a block is named as the line of the file that it is", async () => {
  const lines = (await csv.text()).split("\n");
  for (const block of await blocksOf(csv, "csv", MiB)) {
    const own = (await block.body.text()).split("\n");
    for (const line of [1, 2, 3, 4, own.length - 1]) {
      expect(lines[lineInFile(block, line) - 1]).toBe(own[line - 1]);
    }
  }
});

test("NDJSON is cut at line ends, and a last line without one is not lost", async () => {
  const text = Array.from({ length: 150_000 }, (_, id) => `{"id":${id},"note":"\\""}`).join("\n");
  const blocks = await blocksOf(new Blob([text]), "ndjson", MiB);
  expect(blocks.length).toBeGreaterThan(2);
  const parts = await Promise.all(blocks.map(({ body }) => body.text()));
  expect(parts.join("")).toBe(text);
  for (const part of parts.slice(0, -1)) expect(part.endsWith("}\n")).toBe(true);
  expect(lineInFile(blocks[1] as FileBlock, 1)).toBe((parts[0] ?? "").split("\n").length);
});

test("Parquet, a small file, and a CSV whose header never ends stay whole", async () => {
  const bytes = new Blob([new Uint8Array(3 * MiB)]);
  expect((await blocksOf(bytes, "parquet", MiB)).map(({ bytes: n }) => n)).toEqual([3 * MiB]);
  expect(await blocksOf(new Blob(["a,b\n1,2\n"]), "csv")).toHaveLength(1);
  expect(await blocksOf(new Blob(['"', "x".repeat(3 * MiB)]), "csv", MiB)).toHaveLength(1);
  expect(await blocksOf(new Blob([]), "csv")).toHaveLength(1);
});

test("blocks grow with the file, so that it does not become thousands of objects", () => {
  expect(chooseBlockBytes(1)).toBe(16 * MiB);
  expect(chooseBlockBytes(4 * 1024 * MiB)).toBe(64 * MiB);
  expect(chooseBlockBytes(1024 * 1024 * MiB)).toBe(256 * MiB);
});
