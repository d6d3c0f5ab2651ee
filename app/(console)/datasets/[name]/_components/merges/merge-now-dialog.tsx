"use client";

import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { Field, Select } from "@/app/_ui/field";
import { formatNumber } from "@/app/_ui/format-quantity";
import { Notice } from "@/app/_ui/notice";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { useList } from "@/app/(console)/_components/use-list";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import type { PartitionView } from "@/lib/contracts/dataset-lists";
import type { MergePreviewView, MergesAskedView } from "@/lib/contracts/merge-body";
import { mergeBodyOf, mergeDraftOf } from "./merge-draft";

const partitionsOfferedMax = 500;

/** Asks for merges without waiting for there to be enough objects. */
export function MergeNowDialog(props: {
  dataset: DatasetView;
  onClose: () => void;
  onAsked: () => void;
}) {
  const { dataset } = props;
  const { name } = dataset;
  const [partition, setPartition] = useState("");
  const partitions = useList<PartitionView>(datasetApi.partitions(name), {
    limit: partitionsOfferedMax,
  });
  const isPartitioned = dataset.partitionColumns.length > 0;
  const ask = useMutation({
    mutationFn: () =>
      callApi<MergesAskedView>(datasetApi.merges(name), {
        method: "POST",
        body: partition === "" ? {} : { partition },
      }),
    onSuccess: ({ merges, left }) => {
      props.onAsked();
      if (left === 0 && merges.length > 0) props.onClose();
    },
  });
  const asked = ask.data;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={`Merge ${name} now?`}
      description="A worker merges what has no merged copy yet, as soon as it has time. Writes go on meanwhile."
      footer={
        <>
          <Button onClick={props.onClose}>Close</Button>
          <Button look="primary" disabled={ask.isPending} onClick={() => ask.mutate()}>
            {ask.isPending ? "Asking…" : "Merge"}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {ask.error && <ProblemNotice problem={problemOf(ask.error)} />}
        {isPartitioned && (
          <Field label="Partition">
            <Select
              value={partition}
              onChange={(event) => {
                ask.reset();
                setPartition(event.target.value);
              }}
            >
              <option value="">All partitions</option>
              {(partitions.items ?? []).map(({ spec, objects }) => (
                <option key={spec} value={spec}>
                  {spec}: {formatNumber(objects, "object")}
                </option>
              ))}
            </Select>
          </Field>
        )}
        <Waiting dataset={dataset} />
        {asked && asked.merges.length === 0 && (
          <Notice tone="neutral" title="There is nothing to merge">
            Every object there has a merged copy already.
          </Notice>
        )}
        {asked && asked.left > 0 && (
          <Notice
            tone="warn"
            title={`${formatNumber(asked.merges.length, "partition")} asked for, ${formatNumber(asked.left, "partition")} left`}
          >
            Ask again for the others.
          </Notice>
        )}
      </div>
    </Dialog>
  );
}

/** Of the whole dataset, under the settings as they are. */
function Waiting({ dataset }: { dataset: DatasetView }) {
  const path = datasetApi.mergePreview(dataset.name);
  const query = useQuery({
    queryKey: [path, "now"],
    queryFn: ({ signal }) =>
      callApi<MergePreviewView>(path, {
        method: "POST",
        body: mergeBodyOf(mergeDraftOf(dataset)),
        signal,
      }),
  });
  if (!query.data) return null;
  const { total, waiting, partitionCount } = query.data;
  return (
    <p className="text-[13px] text-ink-muted">
      {formatNumber(total.objects + waiting.objects, "object")} in{" "}
      {formatNumber(partitionCount + waiting.partitions, "partition")} have no merged copy yet.
    </p>
  );
}
