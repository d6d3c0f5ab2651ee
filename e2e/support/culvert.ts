import { readFileSync } from "node:fs";
import path from "node:path";

/** What the installation under test keeps in credentials.json: all that a user gets from it. */
export type Culvert = {
  readonly console: {
    readonly endpoint: string;
    readonly email: string;
    readonly password: string;
    readonly apiKey: string;
  };
  readonly tablestore: {
    readonly endpoint: string;
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
  };
  readonly objectStore: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
};

export const instanceName = "culvert";
export const bucketName = "culvert-demo";

/** The installation that this run started (playwright.config.ts). */
export function readCulvert(): Culvert {
  const home = process.env.CULVERT_E2E_HOME;
  if (home === undefined) throw new Error("CULVERT_E2E_HOME is set by playwright.config.ts");
  return JSON.parse(readFileSync(path.join(home, "credentials.json"), "utf8")) as Culvert;
}
