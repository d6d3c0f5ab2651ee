import { S3Client } from "@aws-sdk/client-s3";
import { type APIRequestContext, test as base, type Page } from "@playwright/test";
import TableStore from "tablestore";
import { type Culvert, instanceName, readCulvert } from "./culvert";

/** One signed-in session for all tests of a worker: who signs out takes one of their own. */
type Session = Awaited<ReturnType<APIRequestContext["storageState"]>>;

type Fixtures = {
  /** Where the installation is and how to get in. */
  readonly culvert: Culvert;
  /** The REST API with the administrator's key; paths begin with /api/v1. */
  readonly api: APIRequestContext;
  /** A page that an administrator has signed in to. */
  readonly signedIn: Page;
  /** The AWS SDK on the installation's object store. */
  readonly s3: S3Client;
  /** The official Tablestore SDK on the installation's table store. */
  readonly tablestore: TableStore.Client;
};

/** Everything from outside: what a person, a script or an SDK has, and nothing of ours. */
export const test = base.extend<Fixtures, { readonly session: Session }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from the pattern
  culvert: async ({}, use) => {
    await use(readCulvert());
  },
  baseURL: async ({ culvert }, use) => {
    await use(culvert.console.endpoint);
  },
  api: async ({ culvert, playwright }, use) => {
    const context = await playwright.request.newContext({
      baseURL: culvert.console.endpoint,
      extraHTTPHeaders: { authorization: `Bearer ${culvert.console.apiKey}` },
    });
    await use(context);
    await context.dispose();
  },
  session: [
    async ({ playwright }, use) => {
      const { email, password, endpoint } = readCulvert().console;
      const context = await playwright.request.newContext({ baseURL: endpoint });
      const response = await context.post("/api/auth/sign-in/email", {
        data: { email, password },
        headers: { origin: endpoint },
      });
      if (!response.ok()) throw new Error(`Signing in answers ${response.status()}`);
      await use(await context.storageState());
      await context.dispose();
    },
    { scope: "worker" },
  ],
  signedIn: async ({ session, page }, use) => {
    await page.context().addCookies(session.cookies);
    await use(page);
  },
  s3: async ({ culvert }, use) => {
    const { endpoint, region, accessKeyId, secretAccessKey } = culvert.objectStore;
    const client = new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
    await use(client);
    client.destroy();
  },
  tablestore: async ({ culvert }, use) => {
    const { endpoint, accessKeyId, accessKeySecret } = culvert.tablestore;
    await use(
      new TableStore.Client({
        endpoint,
        instancename: instanceName,
        accessKeyId,
        secretAccessKey: accessKeySecret,
      }),
    );
  },
});
