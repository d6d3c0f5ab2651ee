import { commitUploadSession } from "@/lib/services/commit-upload-session";
import { createUploadSession } from "@/lib/services/upload-sessions";
import { writeUploadBlock } from "@/lib/services/write-block";
import { createFinisher } from "../finisher";
import { abortLeftOver, openUploadServices } from "../upload-services";

/**
 * A console and the finishing part of a delivery worker in one process, made to be killed: uploads into
 * its own partition for ever, now adding and now overwriting, and says what was acknowledged.
 *
 *   node --import tsx main.ts <dataset> <partition> <first id>
 */
const [dataset = "", partition = "", firstId = "0"] = process.argv.slice(2);
const services = openUploadServices();
const blocksPerSession = 3;
const rowsPerBlock = 40;

function say(words: string): void {
  process.stdout.write(`${words}\n`);
}

async function writeBlock(id: string, block: number, from: number): Promise<void> {
  const lines = Array.from({ length: rowsPerBlock }, (_, at) => `{"id":${from + at}}\n`).join("");
  const body = new Blob([lines]).stream() as ReadableStream<Uint8Array>;
  const rows = { body, contentType: "application/x-ndjson", contentLength: null };
  say("writing");
  await writeUploadBlock(services, { name: dataset, id, block: String(block) }, rows);
  say("written");
}

async function uploadOnce(from: number, overwrite: boolean): Promise<void> {
  const { id } = await createUploadSession(services, dataset, { partition, overwrite });
  say(`begun ${id} ${from} ${blocksPerSession * rowsPerBlock}`);
  const blocks = Array.from({ length: blocksPerSession }, (_, block) => block);
  // A block written twice counts once.
  await writeBlock(id, 0, from + 1_000_000);
  await Promise.all(blocks.map((block) => writeBlock(id, block, from + block * rowsPerBlock)));
  say("committing");
  const { status } = await commitUploadSession(services, dataset, id, { blocks });
  if (status === "committed") say(`committed ${id}`);
}

async function main(): Promise<void> {
  void createFinisher(services).finisher.run(new AbortController().signal);
  await abortLeftOver(services, dataset, partition);
  say("ready");
  for (let next = Number(firstId), turn = 0; ; turn += 1, next += blocksPerSession * rowsPerBlock) {
    await uploadOnce(next, turn % 4 === 3);
  }
}

main().catch((thrown) => {
  process.stderr.write(`${thrown instanceof Error ? thrown.stack : thrown}\n`);
  process.exitCode = 1;
  setTimeout(() => process.exit(), 100);
});
