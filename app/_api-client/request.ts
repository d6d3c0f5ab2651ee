import type { ProblemDocument } from "@/lib/contracts/problem-document";

/** What the API answered instead of success, with everything a page needs to show it. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument) {
    super(problem.title);
    this.problem = problem;
  }
}

const unreachable: ProblemDocument = {
  type: "about:blank",
  status: 0,
  code: "console.unreachable",
  title: "The console does not answer",
  detail: "",
  cause: "The request did not reach Culvert, or its answer was cut off.",
  nextStep: "Check that Culvert runs. Delivery does not depend on the console.",
  documentedName: null,
  errors: [],
};

/** One call of the REST API with the session's cookie. Throws ApiProblem, whatever goes wrong. */
export async function callApi<T>(
  path: string,
  options: { method?: string; body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  const { method = "GET", body, signal } = options;
  const response = await fetch(`/api/v1${path}`, {
    method,
    credentials: "same-origin",
    ...(signal ? { signal } : {}),
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  }).catch((thrown: unknown) => {
    if (signal?.aborted) throw thrown;
    throw new ApiProblem(unreachable);
  });
  const text = await response.text();
  if (response.ok) return parseJson(text) as T;
  throw refusalOf(response.status, text);
}

/** What an answer that is no success says. Whoever is not signed in any more is sent to do so. */
export function refusalOf(status: number, text: string): ApiProblem {
  if (status === 401 && typeof window !== "undefined") {
    window.location.assign(`/sign-in?next=${encodeURIComponent(window.location.pathname)}`);
  }
  const answer = parseJson(text);
  return new ApiProblem(isProblem(answer) ? answer : { ...unreachable, status });
}

function parseJson(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

function isProblem(answer: unknown): answer is ProblemDocument {
  return typeof answer === "object" && answer !== null && "code" in answer && "title" in answer;
}

/** A thrown thing as a problem that can be shown. */
export function problemOf(thrown: unknown): ProblemDocument {
  return thrown instanceof ApiProblem ? thrown.problem : unreachable;
}

/** The messages of one field, for the form that sent it. Nested paths match with their prefix. */
export function fieldErrors(problem: ProblemDocument | null, field: string): string[] {
  return (problem?.errors ?? [])
    .filter((error) => error.field === field)
    .map(({ message }) => message);
}
