import { CopyButton } from "./copy-button";
import { Skeleton } from "./states";

/** Text to copy, scrolled inside its own box. */
export function CodeBlock({
  code,
  label,
  busy = false,
}: {
  code: string;
  label: string;
  busy?: boolean;
}) {
  if (busy) {
    return (
      <div className="flex flex-col gap-2.5 rounded-xl border border-line bg-sunken p-5">
        <Skeleton className="h-4 w-2/3" />
        <Skeleton className="h-4 w-1/2" />
        <Skeleton className="h-4 w-3/5" />
      </div>
    );
  }
  return (
    <div className="min-w-0 overflow-hidden rounded-xl border border-line bg-sunken">
      <div className="flex items-center justify-between gap-3 border-b border-line py-1.5 pr-1.5 pl-4 text-xs text-ink-muted">
        {label}
        <CopyButton text={code} />
      </div>
      {/* A box that scrolls has to be reachable by keyboard: a read-only text field is, and copies well. */}
      <textarea
        readOnly
        aria-label={label}
        value={code}
        wrap="off"
        spellCheck={false}
        rows={Math.min(24, code.split("\n").length)}
        className="block w-full resize-none overflow-auto bg-transparent p-4 font-mono focus-visible:-outline-offset-2 text-[12.5px] leading-relaxed"
      />
    </div>
  );
}
