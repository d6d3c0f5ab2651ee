import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const cache = path.join(root, "node_modules/.cache/culvert-interop");
const stepMsMax = 600_000;

export type Program = { readonly command: string; readonly args: readonly string[] };
export type Provided =
  | { readonly kind: "program"; readonly program: Program }
  /** A toolchain or registry is missing here: one sentence on which. */
  | { readonly kind: "out_of_reach"; readonly sentence: string };

/** How a program in another language, around packages that are not ours, comes to be. */
export type Recipe = {
  /** For people: what is tried. */
  readonly name: string;
  /** Of the place in the cache. */
  readonly slug: string;
  /** Folder of our sources for it. */
  readonly from: string;
  /** Must end with 0; tells that the toolchain is there. */
  readonly toolchain: readonly string[];
  readonly registry: string;
  /** Brings the packages; whatever fails here is the registry's doing. */
  readonly download: (to: string) => readonly string[];
  /** Makes the program; whatever fails here is ours. */
  readonly build: (to: string) => Promise<readonly string[] | null>;
  readonly program: (to: string) => Program;
  readonly env: Record<string, string>;
};

export const inInteropCache = (...parts: string[]) => path.join(cache, ...parts);

/** A Python script beside a `requirements.txt`, in an environment of its own. */
export function pythonRecipe(named: {
  readonly name: string;
  readonly slug: string;
  readonly from: string;
  readonly script: string;
}): Recipe {
  const { script, ...rest } = named;
  return {
    ...rest,
    toolchain: ["python3", "-c", "import venv, ensurepip"],
    registry: "PyPI",
    download: (to) => [
      "sh",
      "-c",
      'python3 -m venv "$0/venv" && "$0/venv/bin/pip" install --quiet -r requirements.txt',
      to,
    ],
    build: async () => null,
    program: (to) => ({
      command: path.join(to, "venv", "bin", "python"),
      args: [path.join(named.from, script)],
    }),
    env: {},
  };
}

/**
 * Built once per state of its sources and kept below node_modules/.cache. Throws when the program
 * itself cannot be built.
 */
export async function provideProgram(recipe: Recipe): Promise<Provided> {
  const { from } = recipe;
  const to = inInteropCache(recipe.slug, `${await hashOf(from)}`);
  const finished = path.join(to, "finished");
  const provided: Provided = { kind: "program", program: recipe.program(to) };
  if (existsSync(finished)) return provided;
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  const outOfReach = (what: string, complaint: string): Provided => ({
    kind: "out_of_reach",
    sentence: `${recipe.name} was not tried, because ${what}: ${complaint}`,
  });
  const toolchain = await run(recipe.toolchain, from, recipe.env);
  if (toolchain !== null) return outOfReach(`no toolchain for it works here`, toolchain);
  const download = await run(recipe.download(to), from, recipe.env);
  if (download !== null) return outOfReach(`${recipe.registry} did not give it`, download);
  const command = await recipe.build(to);
  const build = command === null ? null : await run(command, from, recipe.env);
  if (build !== null) throw new Error(`The program for ${recipe.name} cannot be built: ${build}`);
  await writeFile(finished, "");
  return provided;
}

/** What the program is made from, in the order of its names. */
async function hashOf(directory: string): Promise<string> {
  const hash = createHash("sha256");
  for (const file of (await readdir(directory)).sort()) {
    hash.update(`${file}\0`).update(await readFile(path.join(directory, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Null when the command succeeded, otherwise the end of what it said, on one line. */
async function run(
  [command = "", ...args]: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<string | null> {
  return new Promise((resolve) => {
    let said = "";
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: stepMsMax,
    });
    const listen = (chunk: Buffer) => {
      said = `${said}${String(chunk)}`.slice(-2000);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => {
      const words = said.trim().replace(/\s+/g, " ").slice(-800);
      resolve(code === 0 ? null : words || `${command} ended with ${code ?? signal}`);
    });
  });
}

/**
 * A suite that needs such a program, built while the file is read. Where a toolchain or a registry is
 * out of reach there is one test instead: it is reported as not run, with the reason, or fails with
 * it when INTEROP_REQUIRED is 1.
 */
export async function describeProgram(
  recipe: Recipe,
  title: string,
  define: (program: Program) => void,
): Promise<void> {
  const provided = await provideProgram(recipe);
  describe(title, () => {
    if (provided.kind === "program") define(provided.program);
    else reportAsNotRun(provided.sentence);
  });
}

function reportAsNotRun(sentence: string): void {
  it("agrees with us", (context) => {
    if (process.env.INTEROP_REQUIRED === "1") throw new Error(sentence);
    // The reporter says of a skipped test no more than that there is one.
    process.stderr.write(`${sentence}\n`);
    context.skip(sentence);
  });
}
