import type { ComponentProps } from "react";
import { classNames } from "./class-names";

/**
 * A table that scrolls sideways inside its card and never widens the page; `relative` keeps texts for
 * screen readers inside, which are positioned and would widen it.
 */
export function Table({ className, ...props }: ComponentProps<"table">) {
  return (
    <div className="relative w-full overflow-x-auto">
      <table
        className={classNames("w-full border-collapse text-left text-[13px]", className)}
        {...props}
      />
    </div>
  );
}

export function Th({ className, numeric, ...props }: ComponentProps<"th"> & { numeric?: boolean }) {
  return (
    <th
      scope="col"
      className={classNames(
        "border-b border-line px-4 py-2.5 text-xs font-medium whitespace-nowrap text-ink-muted first:pl-5 last:pr-5",
        numeric && "text-right",
        className,
      )}
      {...props}
    />
  );
}

export function Td({ className, numeric, ...props }: ComponentProps<"td"> & { numeric?: boolean }) {
  return (
    <td
      className={classNames(
        "border-b border-line px-4 py-3 align-baseline first:pl-5 last:pr-5 [tr:last-child>&]:border-b-0",
        numeric && "text-right tabular-nums",
        className,
      )}
      {...props}
    />
  );
}
