"use client";

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { Button } from "@/app/_ui/button";
import { Dialog } from "@/app/_ui/dialog";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { RoleButton } from "@/app/(console)/_components/role-button";

/** Asks, and ends a session for good. */
export function EndSessionButton(props: {
  /** Under /api/v1. */
  path: string;
  /** What the button says; `subject` tells this one from the others. */
  label: string;
  subject: string;
  title: string;
  consequence: string;
  onEnded: () => void;
}) {
  const [open, setOpen] = useState(false);
  const end = useMutation({
    mutationFn: () => callApi(props.path, { method: "DELETE" }),
    onSuccess: () => {
      setOpen(false);
      props.onEnded();
    },
  });
  return (
    <>
      <RoleButton
        needs="operator"
        size="small"
        aria-label={`${props.label} ${props.subject}`}
        onClick={() => {
          end.reset();
          setOpen(true);
        }}
      >
        {props.label}
      </RoleButton>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title={props.title}
        description={props.consequence}
        footer={
          <>
            <Button onClick={() => setOpen(false)}>Keep it</Button>
            <Button look="danger" disabled={end.isPending} onClick={() => end.mutate()}>
              {end.isPending ? "Ending…" : props.label}
            </Button>
          </>
        }
      >
        {end.error && <ProblemNotice problem={problemOf(end.error)} />}
      </Dialog>
    </>
  );
}
