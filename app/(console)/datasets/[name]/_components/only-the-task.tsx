import Link from "next/link";
import type { ReactNode } from "react";
import { Card } from "@/app/_ui/card";
import { EmptyState } from "@/app/_ui/states";

/** Instead of what only datasets of sessions have. */
export function OnlyTheTask({ task, children }: { task: string; children: ReactNode }) {
  return (
    <Card>
      <EmptyState
        title="Only the task writes this dataset"
        action={
          <Link
            href={`/tasks/${encodeURIComponent(task)}`}
            className="rounded text-sm font-medium text-accent hover:underline"
          >
            Go to the task {task}
          </Link>
        }
      >
        {children}
      </EmptyState>
    </Card>
  );
}
