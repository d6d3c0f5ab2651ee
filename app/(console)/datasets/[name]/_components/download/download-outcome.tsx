import { Button } from "@/app/_ui/button";
import { CodeBlock } from "@/app/_ui/code-block";
import { formatBytes, formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { Notice } from "@/app/_ui/notice";
import { ProgressBar } from "@/app/_ui/progress-bar";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import { rowsPath } from "./download-rows";
import { memoryBytesMax } from "./save-file";
import { type DownloadState, fileNameOf } from "./use-download";

/** How far the download is, and what came of it. */
export function DownloadOutcome({ state }: { state: DownloadState }) {
  const { phase, progress, problem } = state;
  switch (phase) {
    case "ready":
      return null;
    case "reading":
      return (
        <div className="flex flex-col gap-4">
          <Reading state={state} />
          {problem && (
            <Notice tone="warn" title={`Trying again: ${problem.title}`}>
              {problem.cause} It goes on at the next row.
            </Notice>
          )}
        </div>
      );
    case "saved":
      return progress.rowsTotal === 0 ? (
        <Notice tone="neutral" title="There are no rows there">
          The file is empty.
        </Notice>
      ) : (
        <Notice tone="good" title={`${formatNumber(progress.rows, "row")} downloaded`}>
          {formatBytes(progress.bytes)}, as they were when the download began.
        </Notice>
      );
    case "stopped":
      return (
        <Notice tone="neutral" title="The download was cancelled">
          No file was kept.
        </Notice>
      );
    case "unsaved":
      return (
        <Notice tone="bad" title="The file could not be written">
          The browser may not write there, or the disk is full. Choose another place.
        </Notice>
      );
    case "too_large":
      return <TooLarge state={state} />;
    case "refused":
      return problem && <ProblemNotice problem={problem} />;
  }
}

function Reading({ state: { progress, plan } }: { state: DownloadState }) {
  const { bytes, rows, rowsTotal } = progress;
  const received = `${formatBytes(bytes)} received`;
  const isCounted = plan?.format !== "parquet";
  const percent = isCounted && rowsTotal > 0 ? (rows / rowsTotal) * 100 : null;
  const counts = isCounted
    ? `${formatCount(rows)} of ${formatNumber(rowsTotal, "row")}`
    : `${formatNumber(rowsTotal, "row")} as one Parquet file`;
  return (
    <div>
      <div className="mb-2 flex flex-wrap items-baseline justify-between gap-x-3 text-[13px]">
        <span>{counts}</span>
        <span className="text-ink-muted tabular-nums">
          {received}
          {percent !== null && `, ${Math.floor(percent)} %`}
        </span>
      </div>
      <ProgressBar label="Download" percent={percent} text={`${counts}, ${received}`} />
    </div>
  );
}

/** The browser's own download has no bound, and no progress on this page. */
function TooLarge({ state: { plan, session } }: { state: DownloadState }) {
  if (!plan || session === null) return null;
  const address = `/api/v1${rowsPath(plan, session)}`;
  const name = fileNameOf(plan);
  const line = `curl -fsS -H "Authorization: Bearer $KEY" -o ${name} \\\n  "${window.location.origin}${address}"`;
  return (
    <div className="flex flex-col gap-4">
      <Notice
        tone="warn"
        title={`More than ${formatBytes(memoryBytesMax)} does not fit into this page`}
        actions={
          <Button asChild size="small">
            <a href={address} download={name}>
              Let the browser download it
            </a>
          </Button>
        }
      >
        This browser cannot write a file while it comes. Its own download has no bound, nor has
        curl; the snapshot is kept for 24 hours.
      </Notice>
      <CodeBlock code={line} label="With curl and an API key" />
    </div>
  );
}
