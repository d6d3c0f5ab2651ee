/** The dependency rule of this repository, one entry per folder. ARCHITECTURE.md explains why. */
const tests = "[.]test[.]tsx?$|/testing/";
const only = (from, ...may) => ({
  name: `${from.replaceAll("/", "-")}-imports`,
  comment: `${from} may import only: itself${may.length ? `, ${may.join(", ")}` : ""}`,
  severity: "error",
  from: { path: `^${from}/`, pathNot: tests },
  to: {
    path: "^(app|lib|workers|e2e|prisma|bench)/",
    pathNot: [from, ...may].map((p) => `^${p}/`),
  },
});

const core = "lib/core";
const platform = "lib/platform";

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    only(core),
    only("lib/contracts", core),
    only("lib/parquet", core),
    only("lib/tablestore", core),
    only(platform, core),
    only("lib/sources", core, platform, "lib/tablestore"),
    only("lib/storage", core, platform),
    only("lib/db", core, platform),
    only("lib/services", "lib"),
    only(
      "workers/delivery",
      "lib/core",
      "lib/contracts",
      "lib/parquet",
      platform,
      "lib/sources",
      "lib/storage",
      "lib/db",
    ),
    only("workers/tablestore", "lib"),
    only(
      "workers/local",
      "lib/core",
      "lib/contracts",
      platform,
      "lib/tablestore",
      "lib/db",
      "lib/storage",
    ),
    only("app", core, "lib/contracts", "lib/services", platform),
    only("e2e"),
    only("bench", "lib", "workers"),
    {
      name: "core-has-no-dependencies",
      comment: "lib/core is arithmetic on values: no packages, no Node built-ins.",
      severity: "error",
      from: { path: "^lib/core/", pathNot: tests },
      to: {
        dependencyTypesNot: [
          "local",
          "aliased",
          "aliased-tsconfig",
          "aliased-tsconfig-paths",
          "type-only",
        ],
      },
    },
    {
      name: "adapters-meet-only-at-an-entry-point",
      comment:
        "Inside workers, only main.ts may name a concrete adapter; everything else receives a port.",
      severity: "error",
      from: {
        path: "^workers/(delivery|tablestore)/",
        pathNot: `^workers/[^/]+/main[.]ts$|${tests}`,
      },
      to: { path: "^lib/(sources|storage|db)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "components-are-presentational",
      comment:
        "Client code gets data as props or through the API client; only pages and routes call services.",
      severity: "error",
      from: { path: "^app/.*_components/|^app/_ui/|^app/_api-client/" },
      to: { path: "^lib/", pathNot: "^lib/(core|contracts)/" },
    },
    {
      name: "ui-knows-nothing-of-tasks",
      comment: "app/_ui is buttons, tables and form fields.",
      severity: "error",
      from: { path: "^app/_ui/" },
      to: { path: "^(lib|app)/", pathNot: "^app/_ui/" },
    },
    {
      name: "no-test-support-in-production",
      severity: "error",
      from: { pathNot: `${tests}|^(e2e|bench)/` },
      to: { path: "/testing/" },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-unresolvable",
      comment: "An import that resolves to nothing would make every other rule blind to it.",
      severity: "error",
      from: { path: "^(app|lib|workers|e2e|bench)/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules|lib/db/generated" },
    exclude: { path: "node_modules|[.]next" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
