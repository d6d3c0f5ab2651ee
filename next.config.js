/** Reads nothing secret: what the console needs at run time comes through lib/platform/env. */
const isDevelopment = process.env.NODE_ENV === "development";

/**
 * Next starts its pages with inline scripts and styles; a nonce would make every page dynamic, and
 * nothing here renders what others wrote as HTML. Everything else comes from this origin only.
 */
const contentSecurityPolicy = [
  "default-src 'self'",
  `script-src 'self' 'unsafe-inline'${isDevelopment ? " 'unsafe-eval'" : ""}`,
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  `connect-src 'self'${isDevelopment ? " ws:" : ""}`,
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const securityHeaders = [
  { key: "Content-Security-Policy", value: contentSecurityPolicy },
  { key: "X-Content-Type-Options", value: "nosniff" },
  { key: "X-Frame-Options", value: "DENY" },
  { key: "Referrer-Policy", value: "same-origin" },
  { key: "Permissions-Policy", value: "camera=(), microphone=(), geolocation=()" },
  { key: "Cross-Origin-Opener-Policy", value: "same-origin" },
];

/** @type {import("next").NextConfig} */
const config = {
  poweredByHeader: false,
  reactStrictMode: true,
  // npm test checks all types; a start neither waits for that nor fails over a test's types.
  typescript: { ignoreBuildErrors: true },
  // Left to Node: they find files, workers or native parts beside themselves.
  serverExternalPackages: [
    "@aws-sdk/client-s3",
    "@better-auth/api-key",
    "@bokuweb/zstd-wasm",
    "@prisma/adapter-pg",
    "@prisma/client",
    "better-auth",
    "csv-parse",
    "hyparquet",
    "hysnappy",
    "luxon",
    "parquet-wasm",
    "pg",
    "pino",
    "prom-client",
    "protobufjs",
  ],
  headers: async () => [{ source: "/:path*", headers: securityHeaders }],
};

export default config;
