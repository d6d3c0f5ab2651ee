"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";

export function SplitChannelDialog(props: {
  /** Of the tunnel, in the API. */
  path: string;
  channelId: string;
  onClose: () => void;
}) {
  const { path, channelId } = props;
  const client = useQueryClient();
  const split = useMutation({
    mutationFn: () => callApi(`${path}/split`, { method: "POST", body: { channelId } }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: [path] });
      props.onClose();
    },
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title="Split the channel?"
      description="It ends here, in every tunnel of the table, and two channels go on with half of its keys each, once it has been read to its end. The order of each key's changes stays. This cannot be undone."
      footer={
        <>
          <Button onClick={props.onClose}>Keep it whole</Button>
          <Button look="primary" disabled={split.isPending} onClick={() => split.mutate()}>
            {split.isPending ? "Splitting…" : "Split the channel"}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <p className="font-mono text-xs break-all text-ink-muted">{channelId}</p>
        {split.error && <ProblemNotice problem={problemOf(split.error)} />}
      </div>
    </Dialog>
  );
}
