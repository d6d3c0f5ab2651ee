import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const core = fileURLToPath(new URL(".", import.meta.url));
const sources = readdirSync(core, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file): [string, string] => [file, readFileSync(path.join(core, file), "utf8")]);

/** What a module imports, re-exports or loads while it runs. */
function listImports(source: string): string[] {
  const pattern = /(?:\bfrom|\bimport|\brequire|\bimport\s*\()\s*\(?\s*["']([^"']+)["']/g;
  return [...source.matchAll(pattern)].map((match) => match[1] ?? "");
}

/** The code without its comments and texts, so that only what runs is searched. */
function stripText(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, "");
}

const impure =
  /\bDate\b\s*[.(]|\bnew Date\b(?!\s*\|)|\bMath\.random\b|\bperformance\b|\bprocess\.|\bBuffer\b|\bsetTimeout\b|\bsetInterval\b|\bfetch\s*\(|\bIntl\b|\bcrypto\b|\bconsole\b|\bglobalThis\b|\basync\b|\bawait\b/;

describe("lib/core", () => {
  it("is searched at all", () => {
    expect(sources.length).toBeGreaterThan(20);
  });

  it.each(sources)("%s imports nothing from outside lib/core", (file, source) => {
    for (const imported of listImports(source)) {
      const isInside = imported.startsWith("@/")
        ? imported.startsWith("@/lib/core/")
        : imported.startsWith(".") &&
          path.join(core, path.dirname(file), imported).startsWith(core);
      expect(isInside, `${file} imports ${imported}`).toBe(true);
    }
  });

  it.each(sources)("%s asks no clock, no chance and no machine", (_file, source) => {
    expect(impure.exec(stripText(source))?.[0]).toBeUndefined();
  });

  it("would notice what it looks for", () => {
    expect(
      listImports(
        'import a from "luxon";\nexport * from "node:fs";\nimport "pg"; await import("x")',
      ),
    ).toEqual(["luxon", "node:fs", "pg", "x"]);
    for (const code of [
      "Date.now()",
      "new Date()",
      "Math.random()",
      "process.env",
      "Intl.x",
      "async () => 1",
    ]) {
      expect(impure.test(stripText(`const a = ${code};`))).toBe(true);
    }
    expect(
      impure.test(stripText('// Date.now()\nconst a = "Math.random()"; let at: Date | null;')),
    ).toBe(false);
  });
});
