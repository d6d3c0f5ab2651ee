/**
 * `npm start` and `npm run demo` enter here: plain Node, so that it runs in a clone where nothing
 * is installed yet. It makes what is missing (packages, database client, console build) and then
 * becomes the supervisor in this same process, so that signals and the exit code need no relay.
 */
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

const usage = `Starts Culvert on this machine.

  npm start                              everything embedded that is not configured from outside
  npm run demo [-- --rows N --rate N]    the same with a sample table, live writes and one task

  --rows N    rows of the sample table before the task starts (demo, default 1000)
  --rate N    writes per second afterwards (demo, default 5; 0 for none)

Settings: PORT, TABLESTORE_PORT, OBJECT_STORE_PORT, CULVERT_HOME, CULVERT_HOST, DATABASE_URL,
TABLESTORE_ENDPOINT, OBJECT_STORE_ENDPOINT, CULVERT_DELIVERY_WORKERS. README.md lists them all.`;

function leave(message, code) {
  console.error(message);
  process.exit(code);
}

function numberOption(args, name, bounds) {
  const index = args.indexOf(name);
  if (index === -1) return undefined;
  const [, text] = args.splice(index, 2);
  const value = Number(text);
  if (text === undefined || !Number.isInteger(value) || value < bounds.min || value > bounds.max) {
    leave(`${name} takes a whole number from ${bounds.min} to ${bounds.max}.\n\n${usage}`, 2);
  }
  return value;
}

function parseOptions(args) {
  const rest = [...args];
  const options = {
    rows: numberOption(rest, "--rows", { min: 0, max: 10_000_000 }),
    rate: numberOption(rest, "--rate", { min: 0, max: 10_000 }),
    demo: rest.includes("--demo"),
  };
  if (rest.includes("--help") || rest.includes("-h")) {
    console.log(usage);
    process.exit(0);
  }
  const unknown = rest.filter((arg) => arg !== "--demo");
  if (unknown.length > 0) leave(`Unknown option ${unknown[0]}.\n\n${usage}`, 2);
  return options;
}

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  leave(
    `Culvert needs Node.js 20.19 or newer; this is ${process.versions.node}. Install a newer one from https://nodejs.org.`,
    1,
  );
}
const options = parseOptions(process.argv.slice(2));

// A relative CULVERT_HOME means the caller's directory; everything after this means the project's.
process.env.CULVERT_HOME = path.resolve(
  process.env.CULVERT_HOME ? process.cwd() : root,
  process.env.CULVERT_HOME ?? ".culvert",
);
process.chdir(root);
// Node 20 works; that newer versions of a library will want more is no news for who starts a program.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

const { prepare } = await import("./prepare.mjs");
try {
  await prepare(root, (line) => console.log(line));
} catch (error) {
  leave(error instanceof Error ? error.message : String(error), 1);
}
const { register } = await import("tsx/esm/api");
register();
const { up } = await import("./up.ts");
process.exit(await up(options));
