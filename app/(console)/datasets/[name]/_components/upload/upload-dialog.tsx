"use client";

import { useState } from "react";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Notice } from "@/app/_ui/notice";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import { draftFileOf } from "./file-list";
import { specOf } from "./partition-fields";
import { type UploadDraft, UploadForm } from "./upload-form";
import { UploadOutcome } from "./upload-outcome";
import { useUpload } from "./use-upload";

/** Files become visible rows: chosen, sent block by block, and committed together. */
export function UploadDialog(props: {
  dataset: DatasetView;
  /** Dropped on the page. */
  files: readonly File[];
  onClose: () => void;
}) {
  const { dataset } = props;
  const [draft, setDraft] = useState<UploadDraft>(() => ({
    files: props.files.map(draftFileOf),
    values: new Map(),
    mode: "append",
  }));
  const [asksToStop, setAsksToStop] = useState(false);
  const { state, isRunning, start, stop, tryAgain, reset } = useUpload(dataset.name);
  const { phase } = state;
  const spec = specOf(dataset, draft.values);
  const files = draft.files.flatMap(({ file, format }) => (format ? [{ file, format }] : []));
  const isComplete = files.length > 0 && files.length === draft.files.length && spec !== null;
  const change = (part: Partial<UploadDraft>) => {
    reset();
    setDraft((before) => ({ ...before, ...part }));
  };
  const close = () => (isRunning ? setAsksToStop(true) : props.onClose());
  const begin = () => {
    setAsksToStop(false);
    void start({ partition: spec ?? "", overwrite: draft.mode === "overwrite", files });
  };
  const isFilledIn = isRunning || phase === "visible" || phase === "publishing";
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && close()}
      title={`Upload into ${dataset.name}`}
      description="Several files become visible together, or none of them."
      footer={
        isRunning ? (
          <Button onClick={stop}>Cancel the upload</Button>
        ) : phase === "visible" ? (
          <>
            <Button onClick={() => change({ files: [] })}>Upload more</Button>
            <Button look="primary" onClick={props.onClose}>
              Done
            </Button>
          </>
        ) : (
          <>
            <Button onClick={close}>Close</Button>
            <Button look="primary" disabled={!isComplete || phase === "publishing"} onClick={begin}>
              Upload
            </Button>
          </>
        )
      }
    >
      <div className="flex flex-col gap-5">
        {/* What went wrong stands above the form that it is about. */}
        <UploadOutcome state={state} onRetry={tryAgain} />
        {!isFilledIn && <UploadForm dataset={dataset} draft={draft} change={change} />}
        {asksToStop && isRunning && (
          <AskToStop onGoOn={() => setAsksToStop(false)} onStop={props.onClose} />
        )}
      </div>
    </Dialog>
  );
}

/** The upload ends with its window, whoever closes it. */
function AskToStop(props: { onGoOn: () => void; onStop: () => void }) {
  return (
    <Notice
      tone="warn"
      title="Cancel the upload?"
      actions={
        <>
          <Button size="small" onClick={props.onGoOn}>
            Go on
          </Button>
          <Button size="small" look="danger" onClick={props.onStop}>
            Cancel and close
          </Button>
        </>
      }
    >
      It ends with this window. Nothing of it is visible yet.
    </Notice>
  );
}
