import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { credentialsFileName, credentialsFileSchema } from "@/lib/contracts/credentials-file";
import { type VerifyRunView, verifyRunSchema, verifyStateSchema } from "@/lib/contracts/verify-run";
import { describeVerification, exitCodeOf } from "./describe-verification";

const usage = `npm run verify -- <task or dataset> [--redeliver] [--deep] [--json]

Compares its folders in the bucket with the ledger. A running delivery worker does it; this waits for it.

  --redeliver  deliver again what is missing, as far as a task's source still has it
  --deep       read whole objects, not only their footers
  --json       print the verification as GET /api/v1/datasets/{name}/verify answers it
  --endpoint   the console, when it is not the one of CULVERT_HOME; needs CULVERT_API_KEY

Exit code: 0 all is as the ledger says, 1 something is not, 2 it could not be found out.`;

const pollMs = 500;

type Console = { readonly endpoint: string; readonly apiKey: string };

/** Asks the console for a verification and waits for its end. */
async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      redeliver: { type: "boolean", default: false },
      deep: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      endpoint: { type: "string" },
    },
  });
  const [name, ...others] = positionals;
  if (values.help || name === undefined || others.length > 0) {
    process.stdout.write(`${usage}\n`);
    return values.help ? 0 : 2;
  }
  const at = findConsole(values.endpoint);
  const { redeliver, deep } = values;
  // What a task delivers is a dataset, too; only there can anything be delivered again.
  const kind = redeliver ? "tasks" : "datasets";
  const address = `/api/v1/${kind}/${encodeURIComponent(name)}/verify`;
  const body = redeliver ? { redeliver, deep } : { deep };
  const asked = verifyRunSchema.parse(await call(at, "POST", address, body));
  const ended = await waitForEnd(at, `${address}?run=${asked.id}`);
  const lines = values.json ? [JSON.stringify(ended, null, 2)] : describeVerification(ended);
  process.stdout.write(`${lines.join("\n")}\n`);
  return exitCodeOf(ended);
}

function findConsole(endpoint: string | undefined): Console {
  const apiKey = process.env.CULVERT_API_KEY;
  if (endpoint !== undefined) {
    if (apiKey === undefined) throw new Error("With --endpoint, set CULVERT_API_KEY to its key.");
    return { endpoint, apiKey };
  }
  const file = path.join(process.env.CULVERT_HOME ?? ".culvert", credentialsFileName);
  const { console } = credentialsFileSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  return { endpoint: console.endpoint, apiKey: apiKey ?? console.apiKey };
}

async function waitForEnd(at: Console, address: string): Promise<VerifyRunView> {
  let told = "";
  for (;;) {
    const { run } = verifyStateSchema.parse(await call(at, "GET", address));
    if (!run) throw new Error("The verification is gone.");
    if (run.finishedAt !== null) return run;
    const tell = describeProgress(run);
    // Standard output is for the outcome alone.
    if (tell !== told) process.stderr.write(`${tell}\n`);
    told = tell;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function describeProgress({ state, error, objectsChecked }: VerifyRunView): string {
  if (error) return `${error.title}; trying again`;
  return state === "waiting" ? "Waiting for a delivery worker" : `${objectsChecked} objects listed`;
}

async function call(at: Console, method: string, address: string, body?: object): Promise<unknown> {
  const response = await fetch(new URL(address, at.endpoint), {
    method,
    headers: { authorization: `Bearer ${at.apiKey}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  const { title = response.statusText, cause = "" } = answer as { title?: string; cause?: string };
  throw new Error(`${title}. ${cause}`);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (thrown: unknown) => {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : null;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    process.stderr.write(`Could not verify: ${message}${cause ? ` (${cause.message})` : ""}\n`);
    process.exitCode = 2;
  },
);
