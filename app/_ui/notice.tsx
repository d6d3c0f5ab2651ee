import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { Tone } from "./badge";
import { classNames } from "./class-names";

const looks = {
  neutral: { box: "border-line bg-sunken", icon: Info, ink: "text-ink-muted" },
  busy: { box: "border-busy/25 bg-busy-soft", icon: Info, ink: "text-busy" },
  good: { box: "border-good/25 bg-good-soft", icon: CircleCheck, ink: "text-good" },
  warn: { box: "border-warn/30 bg-warn-soft", icon: TriangleAlert, ink: "text-warn" },
  bad: { box: "border-bad/30 bg-bad-soft", icon: CircleAlert, ink: "text-bad" },
} as const satisfies Record<Tone, unknown>;

/** Something that concerns the whole page or form. A bad one is announced. */
export function Notice({
  tone,
  title,
  children,
  actions,
}: {
  tone: Tone;
  title: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
}) {
  const { box, icon: Icon, ink } = looks[tone];
  return (
    <div
      role={tone === "bad" ? "alert" : "status"}
      className={classNames("flex gap-3 rounded-xl border px-4 py-3", box)}
    >
      <Icon aria-hidden className={classNames("mt-0.5 size-4.5 shrink-0", ink)} />
      <div className="min-w-0 flex-1">
        <p className="text-sm font-semibold">{title}</p>
        {children && <div className="mt-1 text-[13px] text-ink-muted [&_p+p]:mt-1">{children}</div>}
        {actions && <div className="mt-3 flex flex-wrap gap-2">{actions}</div>}
      </div>
    </div>
  );
}
