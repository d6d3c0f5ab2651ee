import { CopyButton } from "./copy-button";
import { Skeleton } from "./states";

/** Text to copy, scrolled inside its own box. `highlighted` is HTML of the same text, made at the server. */
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
    <div className="relative min-w-0 rounded-xl border border-line bg-sunken">
      <div className="absolute top-2 right-2">
        <CopyButton text={code} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reachable by keyboard */}
      <pre
        aria-label={label}
        tabIndex={0}
        className="max-h-[55vh] overflow-auto p-4 pr-24 font-mono text-[12.5px] leading-relaxed"
      >
        <code>{code}</code>
      </pre>
    </div>
  );
}
