import { readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  describeProgram,
  inInteropCache,
  type Program,
  pythonRecipe,
  type Recipe,
} from "@/lib/platform/testing/provide-program";

const sources = fileURLToPath(new URL("../../interop", import.meta.url));

export type Language = "go" | "java" | "python";

const recipes: Readonly<Record<Language, Recipe>> = {
  go: {
    name: "The Go SDK",
    slug: "go",
    from: path.join(sources, "go"),
    toolchain: ["go", "version"],
    registry: "the Go module proxy",
    download: () => ["go", "mod", "download"],
    build: async (to) => ["go", "build", "-o", path.join(to, "program"), "."],
    program: (to) => ({ command: path.join(to, "program"), args: [] }),
    env: {
      GOMODCACHE: inInteropCache("go", "modules"),
      GOCACHE: inInteropCache("go", "build"),
      // Go's downloads are read-only by default, and then nobody could delete node_modules.
      GOFLAGS: "-mod=readonly -modcacherw -buildvcs=false",
      GOTOOLCHAIN: "local",
    },
  },
  java: {
    name: "The Java SDK",
    slug: "java",
    from: path.join(sources, "java"),
    toolchain: ["javac", "-version"],
    registry: "Maven Central",
    download: (to) => [
      "mvn",
      "--batch-mode",
      "--quiet",
      `-Dmaven.repo.local=${inInteropCache("java", "repository")}`,
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
  python: pythonRecipe({
    name: "The Python SDK",
    slug: "python",
    from: path.join(sources, "python"),
    script: "program.py",
  }),
};

/** A suite on our small program around a language's official SDK. */
export function describeLanguage(
  language: Language,
  define: (program: Program) => void,
): Promise<void> {
  return describeProgram(recipes[language], `the official ${language} SDK`, define);
}
