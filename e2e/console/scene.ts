import type { Page } from "@playwright/test";

/** What the API says in a scene: by path under /api/v1, with or without the method before it. */
export type Answers = Readonly<Record<string, unknown>>;

/** A refusal; anything else is answered with 200. */
export class Refusal {
  readonly problem: { status: number };
  constructor(problem: { status: number }) {
    this.problem = problem;
  }
}

/** The answer that never comes, and the connection that breaks. */
export const silence = Symbol("silence");
export const noConnection = Symbol("no connection");

export type Scene = {
  readonly name: string;
  readonly path: string;
  readonly answers: Answers;
  /** Brings the page to the state that the scene is about. */
  readonly act?: (page: Page) => Promise<void>;
  /** Text that stands on the page once it is there. */
  readonly shows: string | RegExp;
};
