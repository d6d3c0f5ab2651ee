/** A culvert: water passing under a road. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      aria-hidden="true"
      className={className}
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
    >
      <path d="M2.5 6.5h19" />
      <path d="M5 20v-3.5a7 7 0 0 1 14 0V20" />
      <path d="M8.5 20c1.2-1.2 2.3-1.2 3.5 0s2.3 1.2 3.5 0" />
    </svg>
  );
}
