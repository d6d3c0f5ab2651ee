import { Badge } from "@/app/_ui/badge";
import type { TaskSummary } from "@/lib/contracts/task-view";

export function TaskStatusBadge({ status }: { status: TaskSummary["status"] }) {
  return (
    <Badge tone={status.tone} dot>
      {status.label}
    </Badge>
  );
}
