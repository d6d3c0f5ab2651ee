"use client";

import { Database } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { Button } from "@/app/_ui/button";
import { Card } from "@/app/_ui/card";
import { Select } from "@/app/_ui/field";
import { EmptyState, LoadError, SkeletonRows } from "@/app/_ui/states";
import type { SourceView } from "@/lib/contracts/source-body";
import type { useSourceChoice } from "./use-source-choice";

type Choice = ReturnType<typeof useSourceChoice>;

/** Nothing to choose from one source. */
export function SourceSelect({ list, source, choose }: Choice) {
  if (!source || !list.items || list.items.length < 2) return null;
  return (
    <Select
      aria-label="Source"
      value={source.id}
      onChange={(event) => choose(event.target.value)}
      className="sm:w-56"
    >
      {list.items.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </Select>
  );
}

/** What stands in for a page's list until its source is known. */
export function WithSource({
  choice: { list, source },
  children,
}: {
  choice: Choice;
  children: (source: SourceView) => ReactNode;
}) {
  if (source) return children(source);
  return (
    <Card>
      {list.problem && !list.items ? (
        <LoadError {...list.problem} onRetry={list.reload} />
      ) : list.items ? (
        <EmptyState
          icon={<Database aria-hidden />}
          title="No sources yet"
          action={
            <Button asChild look="primary">
              <Link href="/sources">Add a source</Link>
            </Button>
          }
        >
          Tables and tunnels belong to a source: the embedded table store, or an instance of
          Tablestore.
        </EmptyState>
      ) : (
        <SkeletonRows />
      )}
    </Card>
  );
}
