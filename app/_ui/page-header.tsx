import { ChevronRight } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";

export function PageHeader(props: {
  title: ReactNode;
  description?: ReactNode;
  badge?: ReactNode;
  actions?: ReactNode;
  parents?: readonly { href: string; label: string }[];
}) {
  return (
    <header className="mb-6">
      {props.parents && (
        <nav
          aria-label="Breadcrumb"
          className="mb-2 flex items-center gap-1 text-[13px] text-ink-muted"
        >
          {props.parents.map((parent) => (
            <span key={parent.href} className="flex items-center gap-1">
              <Link href={parent.href} className="rounded hover:text-ink hover:underline">
                {parent.label}
              </Link>
              <ChevronRight aria-hidden className="size-3.5" />
            </span>
          ))}
        </nav>
      )}
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          <div className="flex flex-wrap items-center gap-3">
            <h1 className="text-xl font-semibold tracking-tight break-words">{props.title}</h1>
            {props.badge}
          </div>
          {props.description && (
            <p className="mt-1 max-w-3xl text-ink-muted">{props.description}</p>
          )}
        </div>
        {props.actions && <div className="flex flex-wrap items-center gap-2">{props.actions}</div>}
      </div>
    </header>
  );
}
