import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

type LockEntry = { version?: string; resolved?: string; optionalDependencies?: object };
const lock = JSON.parse(read("package-lock.json")) as { packages: Record<string, LockEntry> };
const scripts = (JSON.parse(read("package.json")) as { scripts: Record<string, string> }).scripts;

/** Every file of the repository, tracked or about to be. */
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(path.join(root, file)));
const sources = files.filter((file) => /[.](ts|tsx|mjs|cjs|js)$/.test(file));

test("the lock file holds every platform's packages, so that npm ci works on all of them", () => {
  const missing = Object.entries(lock.packages).flatMap(([where, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !levelsAbove(where).some((level) => `${level}${name}` in lock.packages))
      .map((name) => `${where} → ${name}`),
  );
  expect(missing).toEqual([]);
});

/** The node_modules folders that a package at `where` looks into, nearest first. */
function levelsAbove(where: string): string[] {
  const parts = where.split("/node_modules/");
  return [
    `${where}/node_modules/`,
    ...parts.map((_, index) => `${parts.slice(0, index).join("/node_modules/")}/node_modules/`),
    "node_modules/",
  ];
}

test.each(files.filter((file) => path.basename(file) === "package-lock.json"))(
  "%s names no registry's host",
  (file) => {
    const { packages } = JSON.parse(read(file)) as typeof lock;
    expect(Object.values(packages).filter((entry) => entry.resolved !== undefined)).toEqual([]);
  },
);

test("README's table of commands and the scripts of package.json are the same", () => {
  const rows = read("README.md").match(/^[|] `npm .*$/gm) ?? [];
  const listed = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`(?:npm (?:run )?)?([\w:-]+)`/g)].map(
      ([, name]) => name,
    ),
  );
  expect(listed.sort()).toEqual(Object.keys(scripts).sort());
});

test("no file of the product has outgrown its limit", () => {
  const tooLong = sources
    .filter((file) => !/[.](test|spec)[.]tsx?$|[/]testing[/]|^e2e[/]/.test(file))
    .map((file) => ({ file, lines: read(file).split("\n").length - 1 }))
    .filter(({ file, lines }) => lines > (file.startsWith("lib/core/") ? 300 : 400));
  expect(tooLong).toEqual([]);
});

// Tests that need a certain machine (runIf) count as failures where everything has to run.
test("no test is skipped for good, singled out or left for later", () => {
  const tests = sources.filter((file) => /[.](test|spec)[.]tsx?$/.test(file));
  const marked = tests.filter((file) =>
    /\b(?:test|it|describe)(?:[.]\w+)*[.](?:skip|only|todo|fixme|fails)\b/.test(read(file)),
  );
  expect(marked).toEqual([]);
});

test("every test file belongs to a suite that runs it", () => {
  const suites = [
    /^([.]ci|app|lib|workers|bench)[/].*[.]test[.]tsx?$/,
    /^(app|lib|workers)[/].*[.]integration[.]test[.]ts$/,
    /^(lib|workers)[/].*[.]interop[.]test[.]ts$/,
    /^e2e[/](console|pipeline)[/].*[.]spec[.]ts$/,
  ];
  const kindOf = (file: string) =>
    (/[.](integration|interop)[.]test/.exec(file)?.[1] ?? "") as string;
  const tests = files.filter((file) => /[.](test|spec)[.]tsx?$/.test(file));
  const homeless = tests.filter((file) => {
    const matching = suites.filter((suite) => suite.test(file));
    return kindOf(file) === "" ? matching.length !== 1 : matching.length !== 2;
  });
  expect(homeless).toEqual([]);
});

/** For each rule, one file that breaks it, and what it imports. */
const violations: Record<string, [file: string, imports: string]> = {
  "lib-core-imports": ["lib/core/a.ts", "@/lib/platform/b"],
  "lib-contracts-imports": ["lib/contracts/a.ts", "@/lib/services/b"],
  "lib-parquet-imports": ["lib/parquet/a.ts", "@/lib/storage/b"],
  "lib-tablestore-imports": ["lib/tablestore/a.ts", "@/lib/sources/b"],
  "lib-platform-imports": ["lib/platform/a.ts", "@/lib/db/b"],
  "lib-sources-imports": ["lib/sources/a.ts", "@/lib/storage/b"],
  "lib-storage-imports": ["lib/storage/a.ts", "@/lib/db/b"],
  "lib-db-imports": ["lib/db/a.ts", "@/lib/sources/b"],
  "lib-services-imports": ["lib/services/a.ts", "@/workers/delivery/b"],
  "workers-delivery-imports": ["workers/delivery/main.ts", "@/lib/services/b"],
  "workers-tablestore-imports": ["workers/tablestore/main.ts", "@/workers/local/b"],
  "workers-local-imports": ["workers/local/a.ts", "@/lib/services/b"],
  "app-imports": ["app/page.tsx", "@/lib/db/b"],
  "e2e-imports": ["e2e/a.ts", "@/lib/core/b"],
  "bench-imports": ["bench/a.ts", "@/app/b"],
  "core-has-no-dependencies": ["lib/core/c.ts", "node:fs"],
  "adapters-meet-only-at-an-entry-point": ["workers/delivery/a.ts", "@/lib/storage/b"],
  "components-are-presentational": ["app/(console)/_components/a.tsx", "@/lib/services/b"],
  "ui-knows-nothing-of-tasks": ["app/_ui/a.tsx", "@/lib/core/b"],
  "no-test-support-in-production": ["lib/db/d.ts", "@/lib/db/testing/b"],
  "no-cycles": ["lib/storage/back.ts", "./forth"],
  "no-unresolvable": ["lib/storage/e.ts", "./nothing"],
};

test("each dependency rule reports the file that breaks it, and no other", {
  timeout: 60_000,
}, () => {
  const { forbidden } = createRequire(import.meta.url)("../.dependency-cruiser.cjs") as {
    forbidden: { name: string }[];
  };
  expect(Object.keys(violations).sort()).toEqual(forbidden.map(({ name }) => name).sort());

  const reported = cruiseViolations();
  for (const [rule, [file]] of Object.entries(violations)) {
    expect(reported, rule).toContainEqual({ rule, from: file });
  }
  expect(reported.filter(({ from }) => from === "lib/services/allowed.ts")).toEqual([]);
});

/** The repository's own rules on a small tree that breaks all of them. */
function cruiseViolations(): { rule: string; from: string }[] {
  const directory = mkdtempSync(path.join(tmpdir(), "culvert-house-"));
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), text);
  };
  try {
    const folders = [
      ...["core", "platform", "services", "storage", "sources", "db", "db/testing"].map(
        (folder) => `lib/${folder}`,
      ),
      ...["workers/delivery", "workers/local", "app"],
    ];
    for (const folder of folders) write(`${folder}/b.ts`, "export const b = 1;\n");
    for (const [file, imports] of Object.values(violations)) {
      write(file, `import * as other from "${imports}";\nexport const a = other;\n`);
    }
    write("lib/storage/forth.ts", 'import * as a from "./back";\nexport const c = a;\n');
    write("lib/services/allowed.ts", 'import { b } from "@/lib/db/b";\nexport const a = b;\n');
    write("tsconfig.json", read("tsconfig.json"));
    const cruiser = path.join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
    const config = path.join(root, ".dependency-cruiser.cjs");
    const args = [cruiser, "--config", config, "--output-type", "json", "app", "lib", "workers"];
    const json = execFileSync(process.execPath, [...args, "e2e", "bench"], {
      cwd: directory,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    const { summary } = JSON.parse(json) as {
      summary: { violations: { from: string; rule: { name: string } }[] };
    };
    return summary.violations.map(({ from, rule }) => ({ rule: rule.name, from }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
