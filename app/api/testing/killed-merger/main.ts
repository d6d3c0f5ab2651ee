import { createProcessEngine } from "@/workers/delivery/merge/process-engine";
import { createFinisher } from "../finisher";
import { createMerger } from "../merger";
import { abortLeftOver, openUploadServices, uploadRows } from "../upload-services";

/**
 * A console and the merging and finishing parts of a delivery worker in one process, made to be killed:
 * uploads into its own partition and merges it, for ever, now adding and now overwriting. Says each step
 * that it takes, and what was acknowledged.
 *
 *   node --import tsx main.ts <dataset> <partition> <first id>
 */
const [dataset = "", partition = "", firstId = "0"] = process.argv.slice(2);
const services = openUploadServices();
const blocks = 3;
const rowsPerBlock = 20;
const rowsPerUpload = blocks * rowsPerBlock;
/** Overwrites come when something is merged, and in the middle of things. */
const uploadsPerOverwrite = 5;

function say(words: string): void {
  process.stdout.write(`${words}\n`);
}

/** Says the name of each method before it is called. */
function telling<T extends object>(object: T): T {
  return new Proxy(object, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        say(`step ${String(name)}`);
        return value.apply(target, args);
      };
    },
  });
}

async function uploadOnce(from: number, overwrite: boolean): Promise<void> {
  const rows = (block: number) =>
    Array.from({ length: rowsPerBlock }, (_, at) => ({ id: from + block * rowsPerBlock + at }));
  const upload = {
    partition,
    overwrite,
    blocks: Array.from({ length: blocks }, (_, n) => rows(n)),
  };
  const { id, status } = await uploadRows(services, dataset, upload, (begun) =>
    say(`begun ${begun} ${from} ${rowsPerUpload}`),
  );
  if (status === "committed") say(`committed ${id}`);
}

async function main(): Promise<void> {
  const { finisher, adapters } = createFinisher(services);
  const never = new AbortController().signal;
  void finisher.run(never);
  const engine = createProcessEngine();
  const merger = createMerger(
    services,
    {
      destination: async (id) => {
        const open = await adapters.destination(id);
        return { ...open, store: telling(open.store) };
      },
    },
    { ledger: telling, engine: () => telling(engine) },
  );
  await abortLeftOver(services, dataset, partition);
  say("ready");
  for (let next = Number(firstId), turn = 1; ; turn += 1, next += rowsPerUpload) {
    await uploadOnce(next, turn % uploadsPerOverwrite === 0);
    while (await merger.lookOnce(never)) say("merged");
  }
}

main().catch((thrown) => {
  process.stderr.write(`${thrown instanceof Error ? thrown.stack : thrown}\n`);
  process.exitCode = 1;
  setTimeout(() => process.exit(), 100);
});
