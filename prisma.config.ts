import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { defineConfig } from "prisma/config";

// The native engine is downloaded when packages are installed. Where that was not possible, every
// command of the CLI, `generate` included, would fail: the WebAssembly engine takes its place.
const engines = path.join(import.meta.dirname, "node_modules/@prisma/engines");
const hasNativeEngine =
  existsSync(engines) && readdirSync(engines).some((file) => file.startsWith("schema-engine-"));
if (!hasNativeEngine) {
  process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= path.join(
    import.meta.dirname,
    "prisma/schema-engine-wasm.mjs",
  );
}

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  datasource: { url: process.env.DATABASE_URL ?? "postgresql://127.0.0.1:5432/culvert" },
});
