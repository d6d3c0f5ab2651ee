const width = 240;
const height = 40;
/** So that a line at the top or bottom is not cut in half. */
const margin = 2;

/** The course of a figure since the page was opened. The figures themselves stand beside it as text. */
export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  if (values.length < 2) return null;
  // From zero: a line that wobbles by a hair must not look like a storm.
  const top = Math.max(...values, 1);
  const step = (width - 2 * margin) / (values.length - 1);
  const points = values.map((value, index) => {
    const y = height - margin - (value / top) * (height - 2 * margin);
    return `${(margin + index * step).toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
      preserveAspectRatio="none"
      className="h-10 w-full text-accent"
    >
      <polyline
        points={points.join(" ")}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
