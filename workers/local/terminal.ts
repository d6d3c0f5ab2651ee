import path from "node:path";
import { credentialsFileName } from "@/lib/contracts/credentials-file";
import type { Installation } from "./embedded-parts";

/** Where lines for people go. */
export type Terminal = {
  /** A line of the supervisor's own. */
  readonly say: (line: string) => void;
  /** A line that a part wrote, with the part's name before it. */
  readonly show: (part: string, line: string) => void;
};

const nameWidth = 12;

export function createTerminal(output: NodeJS.WritableStream): Terminal {
  // A reader that went away (`npm start | head`) is no reason to stop delivering.
  output.on("error", () => {});
  const write = (name: string, line: string) =>
    output.write(`${name.padEnd(nameWidth)} | ${line}\n`);
  return { say: (line) => write("culvert", line), show: write };
}

/**
 * What people need to go on: where the console is and how to sign in. The other secrets are shown
 * once, when they were made, and stay in the file.
 */
export function describeInstallation(installation: Installation): string[] {
  const { env, home } = installation;
  const { console, tablestore, objectStore } = installation.credentials;
  const file = path.join(home, credentialsFileName);
  const lines = [
    "Culvert is ready.",
    `  Console       ${console.endpoint}`,
    `  Sign in with  ${console.email}  ${console.password}`,
    `  Tablestore    ${tablestore.endpoint}  instance ${env.TABLESTORE_INSTANCE}`,
    `  Object store  ${objectStore.endpoint}  bucket ${env.OBJECT_STORE_BUCKET}`,
  ];
  if (!installation.credentialsAreNew) return [...lines, `  Access keys   in ${file}`];
  return [
    ...lines,
    "  These were made for this installation:",
    `    API key           ${console.apiKey}`,
    `    Tablestore keys   ${tablestore.accessKeyId}  ${tablestore.accessKeySecret}`,
    `    Object store keys ${objectStore.accessKeyId}  ${objectStore.secretAccessKey}`,
    `  They are kept in ${file}`,
  ];
}
