/**
 * What a clone needs before anything of ours can run: packages, the database client, the console's
 * build. Each step is skipped when its result is still right, so a warm start pays for reading and
 * hashing only. Plain Node: it runs before the packages exist.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { holdPreparationLock } from "./preparation-lock.mjs";

/** Folders and files that the console's build is made of. */
const consoleSources = [
  "app",
  "lib",
  "prisma",
  "public",
  "instrumentation.ts",
  "proxy.ts",
  "next.config.js",
  "postcss.config.mjs",
  "tsconfig.json",
  "package-lock.json",
];
const notPartOfTheBuild = /[.]test[.]tsx?$|[.]md$|[/\\](testing|fixtures|generated)[/\\]/;

/**
 * Runs every step that is needed. `say` gets one line per step that has something to do.
 * Throws an Error whose message holds the output of the step that failed.
 */
export async function prepare(root, say) {
  if (findNeeded(root).length === 0) return;
  const release = await holdPreparationLock(root, say);
  try {
    // Whoever held the lock before may have done the work.
    await runStep(root, say, packagesStep);
    await runStep(root, say, databaseClientStep);
    await runStep(root, say, consoleStep);
  } finally {
    release();
  }
}

const findNeeded = (root) =>
  [packagesStep, databaseClientStep, consoleStep].filter((step) => step.isNeeded(root));

async function runStep(root, say, step) {
  if (!step.isNeeded(root)) return;
  const started = Date.now();
  say(`${step.doing} …`);
  await step.run(root);
  say(`${step.done} (${Math.round((Date.now() - started) / 100) / 10} s)`);
}

const packagesStep = {
  doing: "Installing packages (npm ci)",
  done: "Packages are installed",
  isNeeded: (root) => !packagesMatchLock(root),
  async run(root) {
    const [command, ...args] = npmCommand();
    await runQuietly(root, command, [...args, "ci", "--include=dev", "--no-audit", "--no-fund"]);
    writeStamp(path.join(root, "node_modules/.culvert-lock-hash"), lockHash(root));
  },
};

const databaseClientStep = {
  doing: "Generating the database client (prisma generate)",
  done: "The database client is generated",
  isNeeded: (root) =>
    existsSync(path.join(root, "prisma/schema.prisma")) &&
    readStamp(databaseClientStamp(root)) !== databaseClientHash(root),
  async run(root) {
    const args = [path.join("node_modules", "prisma", "build", "index.js"), "generate"];
    await runQuietly(root, process.execPath, args);
    writeStamp(databaseClientStamp(root), databaseClientHash(root));
  },
};

const consoleStep = {
  doing: "Building the console (next build)",
  done: "The console is built",
  isNeeded: (root) =>
    existsSync(path.join(root, "app")) &&
    (readStamp(consoleStamp(root)) !== consoleHash(root) ||
      !existsSync(path.join(root, ".next/BUILD_ID"))),
  async run(root) {
    // Hashed before the build: what changes while it runs makes the next start build again.
    const hash = consoleHash(root);
    rmSync(consoleStamp(root), { force: true });
    await runQuietly(root, process.execPath, ["node_modules/next/dist/bin/next", "build"]);
    writeStamp(consoleStamp(root), hash);
  },
};

const databaseClientStamp = (root) => path.join(root, "lib/db/generated/.culvert-schema-hash");
const databaseClientHash = (root) => hashFiles(root, ["prisma/schema.prisma", "package-lock.json"]);
const consoleStamp = (root) => path.join(root, ".next/culvert-source-hash");
const consoleHash = (root) => hashFiles(root, consoleSources);
const lockHash = (root) => hashFiles(root, ["package-lock.json"]);

/**
 * npm writes node_modules/.package-lock.json last, so an install that was cut off has none. An
 * install that somebody made by hand counts when its versions are the lock file's.
 */
function packagesMatchLock(root) {
  const stamp = path.join(root, "node_modules/.culvert-lock-hash");
  const hash = lockHash(root);
  const installedFile = path.join(root, "node_modules/.package-lock.json");
  if (!existsSync(installedFile)) return false;
  if (readStamp(stamp) === hash) return true;
  const wanted = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedFile, "utf8")).packages;
  const matches = Object.entries(wanted).every(
    ([where, entry]) =>
      where === "" ||
      entry.optional === true ||
      entry.devOptional === true ||
      entry.version === installed[where]?.version,
  );
  if (matches) writeStamp(stamp, hash);
  return matches;
}

/** npm by the path that npm itself tells its scripts, so that a machine with several uses the same. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli && /npm-cli\.c?js$/.test(cli)) return [process.execPath, cli];
  return [process.platform === "win32" ? "npm.cmd" : "npm"];
}

/** Keeps the output and shows it only on failure. */
export function runQuietly(root, command, args) {
  return new Promise((resolve, reject) => {
    const { NODE_ENV: _callers, ...env } = process.env;
    const child = spawn(command, args, {
      cwd: root,
      env: { ...env, NEXT_TELEMETRY_DISABLED: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => output.push(chunk));
    const end = (signal) => {
      child.kill(signal);
      process.exit(1);
    };
    const signals = ["SIGTERM", "SIGINT", "SIGHUP"];
    for (const signal of signals) process.once(signal, end);
    const settle = (outcome) => {
      for (const signal of signals) process.removeListener(signal, end);
      outcome();
    };
    const failed = (why) =>
      new Error(
        `${Buffer.concat(output).toString("utf8").trimEnd()}\n\n${command} ${args.join(" ")} ${why}.`,
      );
    child.on("error", (error) =>
      settle(() => reject(failed(`could not be started: ${error.message}`))),
    );
    child.on("close", (code, signal) =>
      settle(() => (code === 0 ? resolve() : reject(failed(`ended with ${signal ?? code}`)))),
    );
  });
}

function readStamp(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

function writeStamp(file, hash) {
  writeFileSync(file, hash);
}

/** SHA-256 over the paths and contents of files, folders included with everything below them. */
function hashFiles(root, entries) {
  const hash = createHash("sha256");
  const files = entries.flatMap((entry) => listFiles(root, entry)).sort();
  for (const file of files) {
    hash.update(`${file}\0`);
    hash.update(readFileSync(path.join(root, file)));
    hash.update("\0");
  }
  return hash.digest("hex");
}

function listFiles(root, entry) {
  const directory = path.join(root, entry);
  if (!existsSync(directory)) return [];
  if (!isDirectory(directory)) return [entry];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map((found) => path.relative(root, path.join(found.parentPath ?? found.path, found.name)))
    .filter((file) => !notPartOfTheBuild.test(file));
}

function isDirectory(file) {
  try {
    readdirSync(file);
    return true;
  } catch (error) {
    if (error.code === "ENOTDIR") return false;
    throw error;
  }
}
