import { formatNumber } from "@/app/_ui/format-quantity";
import { Notice } from "@/app/_ui/notice";
import { Table, Td, Th } from "@/app/_ui/table";
import { ProblemNotice } from "@/app/(console)/_components/problem-notice";
import type { RowProblem } from "@/lib/core/import/row-reader";
import { problemsKeptMax } from "./import-file";
import type { ImportState } from "./use-import";

/** How far the import is, what came of it, and each line that did not become a row. */
export function ImportOutcome({ state, bytes }: { state: ImportState; bytes: number }) {
  const { phase, progress, problem, reason } = state;
  const percent = bytes === 0 ? 100 : Math.floor((progress.bytesRead / bytes) * 100);
  const counts = `${formatNumber(progress.written, "row")} written, ${formatNumber(progress.refused, "line")} refused.`;
  return (
    <div className="flex flex-col gap-4">
      {phase === "running" && (
        <div>
          <div className="flex items-baseline justify-between gap-3 text-[13px]">
            <span>{counts}</span>
            <span className="tabular-nums text-ink-muted">{percent} % read</span>
          </div>
          <div
            role="progressbar"
            aria-label="Import"
            aria-valuenow={percent}
            aria-valuemin={0}
            aria-valuemax={100}
            className="mt-2 h-2 overflow-hidden rounded-full bg-sunken"
          >
            <div className="h-full rounded-full bg-accent" style={{ width: `${percent}%` }} />
          </div>
        </div>
      )}
      {phase === "done" && (
        <Notice
          tone={progress.refused === 0 ? "good" : "warn"}
          title={progress.written === 0 ? "No row was written" : "The file is imported"}
        >
          <p>{counts}</p>
        </Notice>
      )}
      {phase === "stopped" && (
        <>
          {problem && <ProblemNotice problem={problem} />}
          <Notice tone="warn" title="The import stopped before the end of the file">
            {!problem && reason && <p>{reason}</p>}
            <p>
              {counts} Rows that were being sent may be written, too. To import the file again is
              safe where the source numbers no key.
            </p>
          </Notice>
        </>
      )}
      {progress.problems.length > 0 && (
        <div className="rounded-xl border border-line">
          <Table>
            <thead>
              <tr>
                <Th numeric>Line</Th>
                <Th>Column</Th>
                <Th>What is wrong</Th>
              </tr>
            </thead>
            <tbody>
              {byLine(progress.problems).map(({ line, column, message }) => (
                <tr key={`${line} ${column} ${message}`}>
                  <Td numeric>{line}</Td>
                  <Td className="font-mono text-xs break-all">{column ?? "–"}</Td>
                  <Td className="min-w-44 break-words">{message}</Td>
                </tr>
              ))}
            </tbody>
          </Table>
          {progress.problems.length === problemsKeptMax && (
            <p className="border-t border-line px-5 py-2 text-[13px] text-ink-muted">
              The first {problemsKeptMax} are shown.
            </p>
          )}
        </div>
      )}
    </div>
  );
}

/** The source answers batch by batch, after later lines were found to be bad. */
function byLine(problems: readonly RowProblem[]): RowProblem[] {
  return [...problems].sort((one, other) => one.line - other.line);
}
