import type { ReactNode } from "react";
import { Badge, type Tone } from "@/app/_ui/badge";
import { Card, CardBody, CardHeader } from "@/app/_ui/card";
import { formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { Notice } from "@/app/_ui/notice";
import { Table, Td, Th } from "@/app/_ui/table";
import { TimeAgo } from "@/app/_ui/time-ago";
import type { VerifyRunView } from "@/lib/contracts/verify-run";
import { countFindings } from "@/lib/core/verify-report";
import { describeFinding, describeLost } from "@/lib/core/verify-words";

type Report = NonNullable<VerifyRunView["report"]>;
type Finding = Report["findings"][number];
type Redelivery = NonNullable<Report["redelivery"]>;

const looks: Record<Finding["kind"], { tone: Tone; label: string }> = {
  missing: { tone: "bad", label: "missing" },
  altered: { tone: "bad", label: "altered" },
  foreign: { tone: "warn", label: "foreign" },
  overlapping: { tone: "bad", label: "overlapping" },
  gap: { tone: "bad", label: "gap" },
  unbalanced: { tone: "bad", label: "unbalanced" },
};

/** What a verification found, and what was delivered again. */
export function VerifyReport(props: {
  what: "task" | "dataset";
  run: VerifyRunView;
  report: Report;
}) {
  const { run, report } = props;
  const { counts, redelivery } = report;
  return (
    <>
      <Outcome run={run} report={report} />
      {redelivery && <RedeliveryCard redelivery={redelivery} />}
      <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
        <Figure
          label="Whole objects"
          value={counts.whole}
          note={`with ${formatNumber(counts.wholeRows, "row")}`}
        />
        <Figure
          label="Missing"
          value={counts.missing}
          note={`with ${formatNumber(counts.missingRows, "row")}`}
        />
        <Figure
          label="Altered or doubled"
          value={counts.altered + counts.overlapping}
          note={`${formatCount(counts.foreign)} foreign`}
        />
        {props.what === "task" ? (
          <Figure
            label="Gaps in batches"
            value={counts.gap}
            note={`${formatCount(counts.batches)} followed`}
          />
        ) : (
          <Figure
            label="Unbalanced commits"
            value={counts.unbalanced}
            note="hold something else than they say"
          />
        )}
      </div>
      {report.findings.length > 0 && <Findings report={report} />}
      <Beside report={report} />
    </>
  );
}

function Outcome({ run, report }: { run: VerifyRunView; report: Report }) {
  const when = (
    <p>
      {formatNumber(report.counts.listed, "object")} listed in {report.bucket}{" "}
      {report.deep ? "and read whole" : ""} <TimeAgo at={run.finishedAt} />.
    </p>
  );
  if (run.clean) {
    return (
      <Notice tone="good" title="The bucket holds what the ledger says">
        {when}
      </Notice>
    );
  }
  return (
    <Notice tone="bad" title="The bucket differs from the ledger">
      {when}
    </Notice>
  );
}

function Figure({ label, value, note }: { label: string; value: number; note: ReactNode }) {
  return (
    <Card className="px-4 py-3.5">
      <p className="text-xs font-medium text-ink-muted">{label}</p>
      <p className="mt-1 text-lg font-semibold tracking-tight tabular-nums sm:text-xl">
        {formatCount(value)}
      </p>
      <p className="mt-0.5 text-xs text-ink-muted">{note}</p>
    </Card>
  );
}

function Findings({ report: { counts, findings } }: { report: Report }) {
  const total = countFindings(counts);
  return (
    <Card>
      <CardHeader
        title="Findings"
        description={
          total > findings.length
            ? `${formatCount(findings.length)} of ${formatCount(total)}: the first of each kind.`
            : formatNumber(total, "finding")
        }
      />
      <Table>
        <thead>
          <tr>
            <Th className="max-md:hidden">Kind</Th>
            <Th>Where</Th>
          </tr>
        </thead>
        <tbody>
          {findings.map((finding) => {
            const { place, what } = describeFinding(finding);
            const { tone, label } = looks[finding.kind];
            return (
              <tr key={`${finding.kind} ${place} ${what}`}>
                <Td className="max-md:hidden">
                  <Badge tone={tone}>{label}</Badge>
                </Td>
                <Td className="w-full">
                  <Badge tone={tone} className="mb-1 md:hidden">
                    {label}
                  </Badge>
                  <p className="font-mono text-xs wrap-anywhere">{place}</p>
                  <p className="mt-0.5 text-xs text-ink-muted wrap-anywhere">{what}</p>
                </Td>
              </tr>
            );
          })}
        </tbody>
      </Table>
    </Card>
  );
}

function RedeliveryCard({ redelivery }: { redelivery: Redelivery }) {
  const { objects, fullScan, lostObjects, lostRows, lost, lostRanges } = redelivery;
  return (
    <Card>
      <CardHeader title={titleOf(redelivery)} />
      <CardBody className="flex flex-col gap-1 text-[13px]">
        {objects > 0 && (
          <p>They stand under their old keys, with exactly the rows that were decided.</p>
        )}
        {fullScan && (
          <p>
            Nothing of the full phase was left, so the whole table is scanned again, as it is now,
            into new objects. A row that changed since the first scan is there beside its changes.
          </p>
        )}
        {lostRanges > 0 && (
          <p>
            {formatNumber(lostObjects, "object")} with {formatNumber(lostRows, "row")} cannot be
            delivered again.
          </p>
        )}
      </CardBody>
      {lostRanges > 0 && (
        <>
          <Table>
            <thead>
              <tr>
                <Th>Range</Th>
                <Th numeric>Rows</Th>
              </tr>
            </thead>
            <tbody>
              {lost.map((range) => (
                <tr key={`${range.channelId} ${range.fromBatch}`}>
                  <Td className="w-full">
                    Lane {range.lane}, {batchesOf(range)}
                    <p className="mt-0.5 text-xs text-ink-muted">{describeLost(range.because)}</p>
                    <p className="mt-0.5 font-mono text-xs break-all text-ink-muted">
                      {range.channelId}
                    </p>
                  </Td>
                  <Td numeric>{formatCount(range.rows)}</Td>
                </tr>
              ))}
            </tbody>
          </Table>
          {lostRanges > lost.length && (
            <CardBody>
              <p className="text-xs text-ink-muted">
                {formatCount(lost.length)} of {formatCount(lostRanges)} ranges
              </p>
            </CardBody>
          )}
        </>
      )}
    </Card>
  );
}

function titleOf({ objects, rows, fullScan }: Redelivery): string {
  if (objects === 0 && fullScan) return "The table is scanned again";
  return `${formatNumber(objects, "object")} with ${formatNumber(rows, "row")} delivered again`;
}

function batchesOf({ fromBatch, toBatch }: Redelivery["lost"][number]): string {
  if (fromBatch === toBatch) return `batch ${formatCount(fromBatch)}`;
  return `batches ${formatCount(fromBatch)}–${formatCount(toBatch)}`;
}

/** What lies there beside the task's own objects, or was not looked for: no finding, and good to know. */
function Beside({ report: { counts, folders } }: { report: Report }) {
  const lines = [
    { count: counts.others, text: "of other tasks, or of earlier ones of this name" },
    { count: counts.pending, text: "decided and about to be published" },
    {
      count: counts.unproven,
      text: "whose content was not compared: the store's ETags do not tell it, and it was not read",
    },
    { count: counts.replaced, text: "replaced by a full scan" },
    { count: counts.elsewhere, text: "decided for another bucket, not looked for" },
  ].filter(({ count }) => count > 0);
  return (
    <p className="text-xs text-ink-muted">
      Folders:{" "}
      <span className="font-mono break-all">{folders.join(", ") || "the whole bucket"}</span>
      {lines.map(({ count, text }) => (
        <span key={text}>
          {" "}
          · {formatNumber(count, "object")} {text}
        </span>
      ))}
    </p>
  );
}
