"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { problemOf } from "@/app/_api-client/request";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { ProblemDocument } from "@/lib/contracts/problem-document";
import { type ChosenFile, FileRefused, type UploadProgress, uploadFiles } from "./upload-files";

export type UploadState = {
  /** broken: waits for somebody to try again. */
  readonly phase:
    | "ready"
    | "sending"
    | "broken"
    | "publishing"
    | "visible"
    | "lost"
    | "refused"
    | "stopped";
  readonly progress: UploadProgress;
  readonly problem: ProblemDocument | null;
  /** The file whose rows were refused. */
  readonly file: string | null;
};

const nothing: UploadProgress = { bytesSent: 0, bytesTotal: 0, rows: 0, blocks: 0 };
const ready: UploadState = { phase: "ready", progress: nothing, problem: null, file: null };

export type UploadPlan = {
  readonly partition: string;
  readonly overwrite: boolean;
  readonly files: readonly ChosenFile[];
};

/** One upload at a time; it is given up with its window, and the browser asks before it closes the page. */
export function useUpload(dataset: string) {
  const client = useQueryClient();
  const [state, setState] = useState(ready);
  const running = useRef<AbortController | null>(null);
  const goOn = useRef<() => void>(() => undefined);
  const change = (changes: Partial<UploadState>) =>
    setState((before) => ({ ...before, ...changes }));
  const isRunning = state.phase === "sending" || state.phase === "broken";
  useEffect(() => () => running.current?.abort(), []);
  useEffect(() => {
    if (!isRunning) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [isRunning]);

  const start = async (plan: UploadPlan): Promise<void> => {
    const controller = new AbortController();
    const { signal } = controller;
    running.current = controller;
    setState({ ...ready, phase: "sending" });
    try {
      const session = await uploadFiles({
        ...plan,
        dataset,
        signal,
        onProgress: (progress) => change({ progress }),
        onTrouble: (problem) => change({ problem }),
        onCommit: () => change({ phase: "publishing", problem: null }),
        askAgain: (problem) =>
          new Promise((resolve, reject) => {
            change({ phase: "broken", problem });
            goOn.current = () => {
              change({ phase: "sending", problem: null });
              resolve();
            };
            signal.addEventListener("abort", () => reject(signal.reason), { once: true });
          }),
      });
      change({ phase: session.status === "committed" ? "visible" : "lost", problem: null });
    } catch (thrown) {
      if (signal.aborted) change({ phase: "stopped", problem: null });
      else change({ phase: "refused", ...refusalIn(thrown) });
    } finally {
      await client.invalidateQueries({ queryKey: ["dataset", dataset] });
      await client.invalidateQueries({
        predicate: ({ queryKey: [path] }) =>
          typeof path === "string" && path.startsWith(`${datasetApi.one(dataset)}/`),
      });
    }
  };
  return {
    state,
    isRunning,
    start,
    stop: () => running.current?.abort(),
    tryAgain: () => goOn.current(),
    reset: () => setState(ready),
  };
}

function refusalIn(thrown: unknown): Pick<UploadState, "problem" | "file"> {
  if (thrown instanceof FileRefused) return { problem: thrown.problem, file: thrown.file };
  return { problem: problemOf(thrown), file: null };
}
