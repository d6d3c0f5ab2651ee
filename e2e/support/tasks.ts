import { type APIRequestContext, expect } from "@playwright/test";

export type TaskBody = {
  readonly name: string;
  readonly table: string;
  readonly prefix: string;
  readonly mode?: "full" | "incremental" | "differential";
  readonly destinationId?: string;
  readonly [setting: string]: unknown;
};

type TaskAnswer = {
  readonly status: { readonly kind: string };
  readonly account: Readonly<Record<string, number>>;
  readonly errors: readonly { readonly code: string }[];
};

/** Creates a task on the embedded source; flushes as often as a task may. */
export async function createTask(api: APIRequestContext, body: TaskBody): Promise<void> {
  const response = await api.post("/api/v1/tasks", {
    data: {
      sourceId: "embedded",
      destinationId: "embedded",
      mode: "differential",
      schema: { kind: "auto" },
      flush: { seconds: 5 },
      ...body,
    },
  });
  expect(response.status(), await response.text()).toBe(201);
}

export async function getTask(api: APIRequestContext, name: string): Promise<TaskAnswer> {
  const response = await api.get(`/api/v1/tasks/${name}`);
  expect(response.status()).toBe(200);
  return (await response.json()) as TaskAnswer;
}

/** Waits until a task has consumed that many records, whatever became of them. */
export async function waitForRecords(
  api: APIRequestContext,
  name: string,
  records: number,
): Promise<TaskAnswer> {
  await expect
    .poll(async () => (await getTask(api, name)).account.records, {
      message: `records of ${name}`,
      timeout: 40_000,
      intervals: [250],
    })
    .toBe(records);
  return getTask(api, name);
}
