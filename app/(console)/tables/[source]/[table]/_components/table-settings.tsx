"use client";

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { callApi, fieldErrors, problemOf } from "@/app/_api-client/request";
import { Card, CardBody, CardHeader } from "@/app/_ui/card";
import { Field, Input, Select } from "@/app/_ui/field";
import { formatInstant } from "@/app/_ui/format-instant";
import { Notice } from "@/app/_ui/notice";
import { useMay } from "@/app/(console)/_components/person-role";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { apiPaths } from "@/app/(console)/tables/_components/paths";
import type { TableView } from "@/lib/contracts/source-body";

const dayInSeconds = 86_400;
const hoursDefault = "168";

type Props = {
  source: string;
  table: TableView;
  onSaved: (table: TableView) => void;
};

export function TableSettings({ source, table, onSaved }: Props) {
  const mayWrite = useMay("administrator");
  const [stream, setStream] = useState(table.streamExpirationHours === null ? "off" : "on");
  const [hours, setHours] = useState(String(table.streamExpirationHours ?? hoursDefault));
  const forever = table.timeToLiveSeconds === -1;
  const [days, setDays] = useState(forever ? "" : String(table.timeToLiveSeconds / dayInSeconds));
  const wanted = {
    streamExpirationHours: stream === "off" ? null : Number(hours),
    timeToLiveSeconds: days.trim() === "" ? -1 : Number(days) * dayInSeconds,
  };
  const changes = {
    ...(wanted.streamExpirationHours === table.streamExpirationHours
      ? {}
      : { streamExpirationHours: wanted.streamExpirationHours }),
    ...(wanted.timeToLiveSeconds === table.timeToLiveSeconds
      ? {}
      : { timeToLiveSeconds: wanted.timeToLiveSeconds }),
  };
  const hasChanges = Object.keys(changes).length > 0;
  const save = useMutation({
    mutationFn: () =>
      callApi<TableView>(apiPaths.table(source, table.name), { method: "PATCH", body: changes }),
    onSuccess: onSaved,
  });
  const problem = save.error ? problemOf(save.error) : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const losesStream = stream === "off" && table.streamExpirationHours !== null;
  return (
    <Card>
      <CardHeader
        title="Stream and time to live"
        description={
          table.createdAt ? `Table created ${formatInstant(table.createdAt)}.` : undefined
        }
      />
      <CardBody>
        <form onSubmit={submit} noValidate className="flex max-w-xl flex-col gap-4">
          {problem && (
            <ProblemNotice
              problem={problem}
              shownFields={["streamExpirationHours", "timeToLiveSeconds"]}
            />
          )}
          {losesStream && (
            <Notice tone="warn" title="Changes that nobody has read yet are lost">
              Every stream tunnel of the table loses its position, too.
            </Notice>
          )}
          <fieldset disabled={!mayWrite} className="contents">
            <Field label="Stream" hint="Keeps every change for tunnels to read.">
              <Select value={stream} onChange={(event) => setStream(event.target.value)}>
                <option value="on">On</option>
                <option value="off">Off</option>
              </Select>
            </Field>
            {stream === "on" && (
              <Field
                label="Keeps changes for, hours"
                hint="1 to 168. A reader that falls further behind loses what it has not read."
                errors={fieldErrors(problem, "streamExpirationHours")}
              >
                <Input
                  inputMode="numeric"
                  value={hours}
                  onChange={(event) => setHours(event.target.value)}
                />
              </Field>
            )}
            <Field
              label="Time to live, days"
              optional
              hint="Empty: cells are kept forever. Otherwise cells older than this are dropped."
              errors={fieldErrors(problem, "timeToLiveSeconds")}
            >
              <Input
                inputMode="numeric"
                value={days}
                onChange={(event) => setDays(event.target.value)}
              />
            </Field>
          </fieldset>
          <div className="flex items-center gap-3">
            <RoleButton
              needs="administrator"
              type="submit"
              look="primary"
              disabled={!hasChanges || save.isPending}
            >
              {save.isPending ? "Saving…" : "Save"}
            </RoleButton>
            {save.isSuccess && !hasChanges && (
              <span role="status" className="text-[13px] text-ink-muted">
                Saved
              </span>
            )}
          </div>
        </form>
      </CardBody>
    </Card>
  );
}
