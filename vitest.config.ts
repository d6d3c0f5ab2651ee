import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const alias = { "@": fileURLToPath(new URL(".", import.meta.url)).replace(/\/$/, "") };
const notOurs = ["**/node_modules/**", "**/.next/**", "**/.culvert*/**"];

/** Projects by suffix: a test's file name says what it needs from the machine. */
export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          // Property tests run thousands of cases; a machine that is shared takes its time over them.
          testTimeout: 60_000,
          include: ["{.ci,app,lib,workers,bench}/**/*.test.{ts,tsx}"],
          exclude: ["**/*.integration.test.ts", "**/*.interop.test.ts", ...notOurs],
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          globalSetup: ["lib/db/testing/global-setup.ts"],
          include: ["{app,lib,workers}/**/*.integration.test.ts"],
          exclude: notOurs,
          // Conditions are waited for, on a machine that may be busy: a limit is for what never comes.
          testTimeout: 180_000,
          hookTimeout: 120_000,
          // Tests of one file that wait for a worker's back-off beside each other, mostly.
          maxConcurrency: 10,
        },
      },
      {
        extends: true,
        test: {
          name: "interop",
          include: ["{lib,workers}/**/*.interop.test.ts"],
          exclude: notOurs,
          testTimeout: 600_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
