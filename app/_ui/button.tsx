import { Slot } from "radix-ui";
import type { ComponentProps } from "react";
import { classNames } from "./class-names";

type Look = "primary" | "secondary" | "ghost" | "danger";

const looks: Record<Look, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong border-transparent",
  secondary: "bg-surface text-ink border-line-strong hover:bg-sunken",
  ghost: "bg-transparent text-ink-muted border-transparent hover:bg-sunken hover:text-ink",
  danger: "bg-bad text-on-accent border-transparent hover:opacity-90",
};

const sizes = {
  small: "h-8 px-2.5 text-[13px] gap-1.5",
  medium: "h-9 px-3.5 text-sm gap-2",
  icon: "size-8 justify-center",
};

export type ButtonProps = ComponentProps<"button"> & {
  look?: Look;
  size?: keyof typeof sizes;
  asChild?: boolean;
};

/** A button, or with `asChild` a link that looks like one. Not a submit button unless it says so. */
export function Button({
  look = "secondary",
  size = "medium",
  asChild,
  className,
  ...props
}: ButtonProps) {
  const Part = asChild ? Slot.Root : "button";
  return (
    <Part
      {...(asChild ? {} : { type: "button" as const })}
      className={classNames(
        "inline-flex shrink-0 items-center justify-center rounded-lg border font-medium whitespace-nowrap transition-colors",
        "disabled:pointer-events-none disabled:opacity-50 aria-disabled:pointer-events-none aria-disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0",
        looks[look],
        sizes[size],
        className,
      )}
      {...props}
    />
  );
}
