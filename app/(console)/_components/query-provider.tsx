"use client";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ApiProblem } from "@/app/_api-client/request";

const staleMs = 1_000;
const retriesMax = 2;

/** Answers that say no are shown at once; only silence is asked again. */
function shouldRetry(failures: number, thrown: unknown): boolean {
  return failures < retriesMax && (!(thrown instanceof ApiProblem) || thrown.problem.status === 0);
}

export function QueryProvider({ children }: { children: ReactNode }) {
  const [client] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          queries: { staleTime: staleMs, retry: shouldRetry, refetchOnWindowFocus: true },
        },
      }),
  );
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
}
