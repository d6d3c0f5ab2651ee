"use client";

import type { DatasetView } from "@/lib/contracts/dataset-body";
import { OnlyTheTask } from "./only-the-task";
import { StreamSessions } from "./stream-sessions";
import { UploadSessions } from "./upload-sessions";

export function SessionsTab({ dataset }: { dataset: DatasetView }) {
  if (dataset.origin === "task") {
    return (
      <OnlyTheTask task={dataset.name}>
        Nothing else may stand in a task's folder, so it has no upload and no stream sessions. To
        download it is possible.
      </OnlyTheTask>
    );
  }
  return (
    <div className="flex flex-col gap-5">
      <UploadSessions dataset={dataset.name} />
      <StreamSessions dataset={dataset} />
    </div>
  );
}
