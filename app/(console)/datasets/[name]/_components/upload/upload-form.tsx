"use client";

import { ChoiceCards } from "@/app/_ui/choice-cards";
import { DropZone } from "@/app/_ui/drop-zone";
import { formatBytes, formatNumber } from "@/app/_ui/format-quantity";
import { Notice } from "@/app/_ui/notice";
import { useList } from "@/app/(console)/_components/use-list";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import type { PartitionView } from "@/lib/contracts/dataset-lists";
import { acceptedFiles, type DraftFile, draftFileOf, FileList } from "./file-list";
import { PartitionFields, type PartitionValues, specOf } from "./partition-fields";

const partitionsOfferedMax = 500;
const modes = [
  { value: "append", label: "Append", hint: "The rows stand beside what is there." },
  { value: "overwrite", label: "Overwrite", hint: "The rows stand in its place." },
] as const;

export type UploadDraft = {
  readonly files: readonly DraftFile[];
  readonly values: PartitionValues;
  readonly mode: "append" | "overwrite";
};

export function UploadForm(props: {
  dataset: DatasetView;
  draft: UploadDraft;
  change: (part: Partial<UploadDraft>) => void;
}) {
  const { dataset, draft, change } = props;
  const present = useList<PartitionView>(datasetApi.partitions(dataset.name), {
    limit: partitionsOfferedMax,
  });
  return (
    <>
      <DropZone
        label="Drop files here, or choose them"
        hint="CSV with the columns' names in its first line, NDJSON with one object a line, or Parquet. They are read piece by piece, whatever their size."
        accept={acceptedFiles}
        onFiles={(added) => change({ files: [...draft.files, ...added.map(draftFileOf)] })}
      />
      {draft.files.length > 0 && (
        <FileList files={draft.files} onChange={(files) => change({ files })} />
      )}
      {dataset.partitionColumns.length > 0 && (
        <PartitionFields
          dataset={dataset}
          present={present.items ?? []}
          values={draft.values}
          onChange={(values) => change({ values })}
        />
      )}
      <ChoiceCards
        legend="What is there already"
        name="upload-mode"
        value={draft.mode}
        choices={modes}
        onChange={(mode) => change({ mode })}
      />
      {draft.mode === "overwrite" && (
        <TakenAway dataset={dataset} spec={specOf(dataset, draft.values)} present={present} />
      )}
    </>
  );
}

/** What an overwrite costs, in numbers where they are known. */
function TakenAway(props: {
  dataset: DatasetView;
  spec: string | null;
  present: ReturnType<typeof useList<PartitionView>>;
}) {
  const { dataset, spec, present } = props;
  if (spec === null) {
    return (
      <Notice tone="warn" title="Everything that the partition holds goes">
        Name the partition to see what that is.
      </Notice>
    );
  }
  const place = spec === "" ? dataset.name : spec;
  const found = present.items?.find((one) => one.spec === spec);
  if (found) {
    return (
      <Notice
        tone="warn"
        title={`${formatNumber(found.rows, "row")} in ${formatNumber(found.objects, "object")} go`}
      >
        {formatBytes(found.bytes)} of {place} go once the new rows are visible, and cannot be
        brought back.
      </Notice>
    );
  }
  const isKnown = present.items !== undefined && !present.hasMore;
  return isKnown ? (
    <Notice tone="neutral" title={`Nothing is in ${place} yet`}>
      An overwrite takes nothing away.
    </Notice>
  ) : (
    <Notice tone="warn" title={`Everything that ${place} holds goes`}>
      It goes once the new rows are visible, and cannot be brought back.
    </Notice>
  );
}
