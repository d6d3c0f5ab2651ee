"use client";

import { Tabs as Primitive } from "radix-ui";
import type { ReactNode } from "react";

export type Tab = { value: string; label: ReactNode };

/** Tabs with one panel; the caller renders the panel of the chosen value. */
export function Tabs(props: {
  tabs: readonly Tab[];
  value: string;
  onChange: (value: string) => void;
  label: string;
  children: ReactNode;
}) {
  return (
    <Primitive.Root value={props.value} onValueChange={props.onChange} className="min-w-0">
      <Primitive.List
        aria-label={props.label}
        className="-mb-px flex flex-wrap border-b border-line sm:flex-nowrap sm:gap-1 sm:overflow-x-auto"
      >
        {props.tabs.map((tab) => (
          <Primitive.Trigger
            key={tab.value}
            value={tab.value}
            className="border-b-2 border-transparent px-2 py-2 text-[13px] sm:px-3 font-medium whitespace-nowrap text-ink-muted transition-colors hover:text-ink focus-visible:-outline-offset-2 data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {tab.label}
          </Primitive.Trigger>
        ))}
      </Primitive.List>
      <Primitive.Content value={props.value} className="focus-visible:outline-offset-4">
        {props.children}
      </Primitive.Content>
    </Primitive.Root>
  );
}
