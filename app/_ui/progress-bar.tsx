/** How far something is. Without a percentage it moves, and says in its text what is known. */
export function ProgressBar({
  label,
  percent,
  text,
}: {
  label: string;
  /** 0 to 100; null while nobody knows. */
  percent: number | null;
  /** What a screen reader says instead of the number. */
  text?: string;
}) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(percent === null ? {} : { "aria-valuenow": Math.floor(percent) })}
      {...(text === undefined ? {} : { "aria-valuetext": text })}
      className="h-2 overflow-hidden rounded-full bg-line"
    >
      <div
        className={
          percent === null
            ? "h-full w-1/3 rounded-full bg-accent motion-safe:animate-pulse"
            : "h-full rounded-full bg-accent transition-[width]"
        }
        {...(percent === null ? {} : { style: { width: `${Math.min(100, percent)}%` } })}
      />
    </div>
  );
}
