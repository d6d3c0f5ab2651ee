"use client";

import Link from "next/link";
import { useId } from "react";
import { Button, type ButtonProps } from "@/app/_ui/button";
import type { Role } from "@/lib/contracts/api-route";
import { useRefusal } from "./person-role";

type Props = Omit<ButtonProps, "asChild"> & {
  /** The role of the API route that it leads to. */
  needs: Role;
  /** Makes it a link. */
  href?: string;
};

/**
 * A button for what not everybody may do. Who may not finds it in its place, and learns the reason by
 * pointing at it or from a screen reader; hence it can be reached by keyboard, and does nothing.
 */
export function RoleButton({ needs, href, children, ...props }: Props) {
  const reasonId = useId();
  const refusal = useRefusal(needs);
  if (refusal !== null) {
    return (
      <span title={refusal} className="inline-flex shrink-0 cursor-not-allowed">
        <Button
          {...props}
          type="button"
          title={undefined}
          onClick={undefined}
          disabled={false}
          aria-disabled
          aria-describedby={reasonId}
        >
          {children}
        </Button>
        <span id={reasonId} hidden>
          {refusal}
        </span>
      </span>
    );
  }
  if (href === undefined) return <Button {...props}>{children}</Button>;
  return (
    <Button {...props} asChild>
      <Link href={href}>{children}</Link>
    </Button>
  );
}
