"use client";

import { useEffect, useRef, useState } from "react";
import { ApiProblem } from "@/app/_api-client/request";
import type { ProblemDocument } from "@/lib/contracts/problem-document";
import type { ImportFormat } from "@/lib/core/import/row-reader";
import type { ColumnType } from "@/lib/core/record";
import { type ImportProgress, importFile } from "./import-file";

export type ImportState = {
  readonly phase: "ready" | "running" | "done" | "stopped";
  readonly progress: ImportProgress;
  readonly problem: ProblemDocument | null;
  /** Why it stopped, where it was no answer of the API. */
  readonly reason: string | null;
};

const nothing: ImportProgress = { bytesRead: 0, written: 0, refused: 0, problems: [] };
const ready: ImportState = { phase: "ready", progress: nothing, problem: null, reason: null };

/** One import at a time; it ends when its window does. */
export function useImport(path: string) {
  const [state, setState] = useState(ready);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const start = async (
    file: File,
    format: ImportFormat,
    types: ReadonlyMap<string, ColumnType>,
  ): Promise<void> => {
    const controller = new AbortController();
    running.current = controller;
    setState({ ...ready, phase: "running" });
    const onProgress = (progress: ImportProgress) =>
      setState((before) => ({ ...before, progress }));
    try {
      await importFile({ file, format, types, path, signal: controller.signal, onProgress });
      setState((before) => ({ ...before, phase: "done" }));
    } catch (thrown) {
      const problem = thrown instanceof ApiProblem ? thrown.problem : null;
      const reason = controller.signal.aborted
        ? "You stopped it."
        : thrown instanceof Error
          ? thrown.message
          : String(thrown);
      setState((before) => ({ ...before, phase: "stopped", problem, reason }));
    }
  };
  return {
    state,
    start,
    stop: () => running.current?.abort(),
    reset: () => setState(ready),
  };
}
