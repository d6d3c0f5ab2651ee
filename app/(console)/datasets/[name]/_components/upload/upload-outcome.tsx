import { Button } from "@/app/_ui/button";
import { formatBytes, formatCount, formatNumber } from "@/app/_ui/format-quantity";
import { Notice } from "@/app/_ui/notice";
import { ProgressBar } from "@/app/_ui/progress-bar";
import { Table, Td, Th } from "@/app/_ui/table";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import type { ProblemDocument } from "@/lib/contracts/problem-document";
import type { UploadState } from "./use-upload";

/** How far the upload is and what came of it. Every state says what readers see of it. */
export function UploadOutcome({ state, onRetry }: { state: UploadState; onRetry: () => void }) {
  const { phase, progress, problem } = state;
  const rows = formatNumber(progress.rows, "row");
  switch (phase) {
    case "ready":
      return null;
    case "sending":
    case "broken":
    case "publishing":
      return (
        <div className="flex flex-col gap-4">
          <Sending state={state} />
          {phase === "sending" && problem && (
            <Notice tone="warn" title={`Trying again: ${problem.title}`}>
              {problem.cause} Blocks that are there stay there.
            </Notice>
          )}
          {phase === "broken" && problem && (
            <Notice
              tone="bad"
              title={problem.title}
              actions={
                <Button size="small" onClick={onRetry}>
                  Try again
                </Button>
              }
            >
              <p>{problem.cause}</p>
              <p>The upload waits; it goes on with the block that broke.</p>
            </Notice>
          )}
        </div>
      );
    case "visible":
      return (
        <Notice tone="good" title={`${rows} ${progress.rows === 1 ? "is" : "are"} visible`}>
          {progress.rows > 0 && "All of them became visible together. "}The session is committed.
        </Notice>
      );
    case "lost":
      return (
        <Notice tone="bad" title="The store lost what was uploaded">
          <p>It was decided, and then the store had no trace of it. Readers see nothing of it.</p>
          <p>Upload the files again.</p>
        </Notice>
      );
    case "stopped":
      return (
        <Notice tone="neutral" title="The upload was cancelled">
          Nothing of it is visible; the session is aborted.
        </Notice>
      );
    case "refused":
      return problem && <Refused problem={problem} file={state.file} />;
  }
}

function Sending({ state: { phase, progress } }: { state: UploadState }) {
  const { bytesSent, bytesTotal, rows } = progress;
  const percent = bytesTotal === 0 ? 0 : (bytesSent / bytesTotal) * 100;
  const counts = `${formatNumber(rows, "row")} taken`;
  const sent = `${formatBytes(bytesSent)} of ${formatBytes(bytesTotal)} sent`;
  return (
    <div>
      <div className="mb-2 flex flex-wrap items-baseline justify-between gap-x-3 text-[13px]">
        <span aria-live="polite">
          {phase === "publishing" ? "Making the rows visible…" : counts}
        </span>
        <span className="text-ink-muted tabular-nums">
          {sent}, {Math.floor(percent)} %
        </span>
      </div>
      <ProgressBar label="Upload" percent={percent} text={`${sent}, ${counts}`} />
    </div>
  );
}

/** What is wrong with the rows has a line each; all else is a problem like any other. */
function Refused({ problem, file }: { problem: ProblemDocument; file: string | null }) {
  const places = problem.errors.filter(({ line }) => line !== undefined);
  return (
    <div className="flex flex-col gap-4">
      <ProblemNotice
        problem={file === null ? problem : { ...problem, title: `${file}: ${problem.title}` }}
        shownFields={places.map(({ field }) => field)}
      />
      {places.length > 0 && (
        <div className="rounded-xl border border-line">
          <Table>
            <thead>
              <tr>
                <Th numeric>{unitOf(problem)}</Th>
                <Th>Column</Th>
                <Th>What is wrong</Th>
              </tr>
            </thead>
            <tbody>
              {places.map(({ line, field, message }) => (
                <tr key={`${line} ${field} ${message}`}>
                  <Td numeric>{formatCount(line ?? 0)}</Td>
                  <Td className="min-w-28 font-mono text-xs break-all">
                    {field === "rows" ? "–" : field}
                  </Td>
                  <Td className="min-w-44 break-words">
                    {message.replace(/^(Line|Row) \d+: /, "")}
                  </Td>
                </tr>
              ))}
            </tbody>
          </Table>
        </div>
      )}
      <Notice tone="neutral" title="Nothing of the upload is visible">
        The session is aborted. Mend the file and upload it again.
      </Notice>
    </div>
  );
}

/** Parquet has rows and no lines. */
function unitOf({ errors }: ProblemDocument): string {
  return errors.some(({ message }) => message.startsWith("Row ")) ? "Row" : "Line";
}
