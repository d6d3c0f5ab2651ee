"use client";

import { useEffect, useRef, useState } from "react";
import { problemOf } from "@/app/_api-client/request";
import type { ProblemDocument } from "@/lib/contracts/problem-document";
import { rowFormats } from "@/lib/contracts/upload-session-body";
import { type DownloadPlan, type DownloadProgress, downloadRows } from "./download-rows";
import { chooseFile, FileTooLarge } from "./save-file";

export type DownloadState = {
  readonly phase: "ready" | "reading" | "saved" | "stopped" | "refused" | "too_large" | "unsaved";
  readonly progress: DownloadProgress;
  readonly problem: ProblemDocument | null;
  /** The plan and its snapshot's id, once there is one. */
  readonly plan: DownloadPlan | null;
  readonly session: string | null;
};

const nothing: DownloadProgress = { bytes: 0, rows: 0, rowsTotal: 0 };
const ready: DownloadState = {
  ...{ phase: "ready", progress: nothing, problem: null, plan: null, session: null },
};

const fileEndings = { csv: "csv", ndjson: "ndjson", parquet: "parquet" } as const;

export function fileNameOf({ dataset, partition, format }: DownloadPlan): string {
  const place = partition === null ? "" : `-${partition.replaceAll(/[^\p{L}\p{N}=_.-]+/gu, "-")}`;
  return `${dataset}${place}.${fileEndings[format]}`;
}

/** One download at a time; it ends when its window does. */
export function useDownload() {
  const [state, setState] = useState(ready);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const change = (changes: Partial<DownloadState>) =>
    setState((before) => ({ ...before, ...changes }));

  const start = async (plan: DownloadPlan): Promise<void> => {
    const controller = new AbortController();
    running.current = controller;
    try {
      const sink = await chooseFile(fileNameOf(plan), rowFormats[plan.format]);
      if (!sink) return;
      setState({ ...ready, phase: "reading", plan });
      await downloadRows({
        ...plan,
        sink,
        signal: controller.signal,
        onProgress: (progress) => change({ progress }),
        onTrouble: (problem) => change({ problem }),
        onSession: ({ id }) => change({ session: id }),
      });
      change({ phase: "saved", problem: null });
    } catch (thrown) {
      if (controller.signal.aborted) change({ phase: "stopped", problem: null });
      else if (thrown instanceof FileTooLarge) change({ phase: "too_large", problem: null });
      else if (thrown instanceof DOMException) change({ phase: "unsaved", problem: null });
      else change({ phase: "refused", problem: problemOf(thrown) });
    }
  };
  return { state, start, stop: () => running.current?.abort(), reset: () => setState(ready) };
}
