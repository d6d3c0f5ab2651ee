"use client";

import Link from "next/link";
import { Popover } from "radix-ui";
import { useId } from "react";
import { Button, type ButtonProps } from "@/app/_ui/button";
import { classNames } from "@/app/_ui/class-names";
import type { Role } from "@/lib/contracts/api-route";
import { useRefusal } from "./person-role";

type Props = Omit<ButtonProps, "asChild"> & {
  /** The role of the API route that it leads to. */
  needs: Role;
  /** Makes it a link. */
  href?: string;
};

/**
 * A button for what not everybody may do. Who may not finds it in its place, and it says why: to who
 * points at it, to screen readers, and when it is pressed, as on a phone, instead of doing anything.
 */
export function RoleButton({ needs, href, children, ...props }: Props) {
  const refusal = useRefusal(needs);
  if (refusal !== null) {
    return (
      <RefusedButton {...props} reason={refusal}>
        {children}
      </RefusedButton>
    );
  }
  if (href === undefined) return <Button {...props}>{children}</Button>;
  return (
    <Button {...props} asChild>
      <Link href={href}>{children}</Link>
    </Button>
  );
}

function RefusedButton({
  reason,
  children,
  className,
  ...props
}: ButtonProps & { reason: string }) {
  const reasonId = useId();
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <Button
          {...props}
          type="button"
          title={reason}
          onClick={undefined}
          disabled={false}
          aria-disabled
          aria-describedby={reasonId}
          className={classNames("cursor-not-allowed aria-disabled:pointer-events-auto!", className)}
        >
          {children}
        </Button>
      </Popover.Trigger>
      <span id={reasonId} hidden>
        {reason}
      </span>
      <Popover.Portal>
        <Popover.Content
          sideOffset={6}
          collisionPadding={12}
          aria-label="Why not"
          className="z-50 max-w-64 rounded-lg border border-line bg-raised px-3 py-2 text-[13px] shadow-raised"
        >
          {reason}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
