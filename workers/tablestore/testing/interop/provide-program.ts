import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const sources = path.join(root, "workers/tablestore/interop");
const cache = path.join(root, "node_modules/.cache/culvert-interop");
const stepMsMax = 600_000;

export type Language = "go" | "java" | "python";
export type Program = { readonly command: string; readonly args: readonly string[] };
export type Provided =
  | { readonly kind: "program"; readonly program: Program }
  /** A toolchain or registry is missing here: one sentence on which. */
  | { readonly kind: "out_of_reach"; readonly sentence: string };

type Recipe = {
  readonly name: string;
  /** Must end with 0; tells that the toolchain is there. */
  readonly toolchain: readonly string[];
  readonly registry: string;
  /** Brings the SDK; whatever fails here is the registry's doing. */
  readonly download: (to: string) => readonly string[];
  /** Makes the program; whatever fails here is ours. */
  readonly build: (to: string) => Promise<readonly string[] | null>;
  readonly program: (to: string) => Program;
  readonly env: Record<string, string>;
};

const inCache = (...parts: string[]) => path.join(cache, ...parts);

const recipes: Readonly<Record<Language, Recipe>> = {
  go: {
    name: "Go",
    toolchain: ["go", "version"],
    registry: "the Go module proxy",
    download: () => ["go", "mod", "download"],
    build: async (to) => ["go", "build", "-o", path.join(to, "program"), "."],
    program: (to) => ({ command: path.join(to, "program"), args: [] }),
    env: {
      GOMODCACHE: inCache("go", "modules"),
      GOCACHE: inCache("go", "build"),
      // Go's downloads are read-only by default, and then nobody could delete node_modules.
      GOFLAGS: "-mod=readonly -modcacherw -buildvcs=false",
      GOTOOLCHAIN: "local",
    },
  },
  java: {
    name: "Java",
    toolchain: ["javac", "-version"],
    registry: "Maven Central",
    download: (to) => [
      "mvn",
      "--batch-mode",
      "--quiet",
      `-Dmaven.repo.local=${inCache("java", "repository")}`,
      "dependency:copy-dependencies",
      `-DoutputDirectory=${path.join(to, "lib")}`,
    ],
    build: async (to) => [
      ...["javac", "--release", "11", "-cp", path.join(to, "lib", "*"), "-d", to],
      ...(await readdir(path.join(sources, "java")))
        .filter((file) => file.endsWith(".java"))
        .map((file) => path.join(sources, "java", file)),
    ],
    program: (to) => ({
      command: "java",
      args: [
        ...["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
        ...["-cp", `${to}${path.delimiter}${path.join(to, "lib", "*")}`, "Program"],
      ],
    }),
    env: {},
  },
  python: {
    name: "Python",
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
      args: [path.join(sources, "python", "program.py")],
    }),
    env: {},
  },
};

/**
 * Our small program around a language's official SDK, built once per state of its sources and kept
 * below node_modules/.cache. Throws when the program itself cannot be built.
 */
export async function provideProgram(language: Language): Promise<Provided> {
  const recipe = recipes[language];
  const from = path.join(sources, language);
  const to = inCache(language, `${await hashOf(from)}`);
  const finished = path.join(to, "finished");
  const provided: Provided = { kind: "program", program: recipe.program(to) };
  if (existsSync(finished)) return provided;
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  const outOfReach = (what: string, complaint: string): Provided => ({
    kind: "out_of_reach",
    sentence: `The ${recipe.name} SDK was not tried, because ${what}: ${complaint}`,
  });
  const toolchain = await run(recipe.toolchain, from, recipe.env);
  if (toolchain !== null) return outOfReach(`no ${recipe.name} toolchain works here`, toolchain);
  const download = await run(recipe.download(to), from, recipe.env);
  if (download !== null) return outOfReach(`${recipe.registry} did not give it`, download);
  const command = await recipe.build(to);
  const build = command === null ? null : await run(command, from, recipe.env);
  if (build !== null) throw new Error(`The ${recipe.name} program cannot be built: ${build}`);
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
