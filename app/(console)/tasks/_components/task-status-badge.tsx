import { Badge, type Tone } from "@/app/_ui/badge";
import type { TaskStatusKind, TaskSummary } from "@/lib/contracts/task-view";

const tones: Record<TaskStatusKind, Tone> = {
  initialising: "busy",
  full: "busy",
  incremental: "good",
  completed: "good",
  paused: "neutral",
  pausing: "neutral",
  late: "warn",
  retrying: "warn",
  action_required: "bad",
  expiring: "warn",
  expired: "bad",
  deleting: "neutral",
};

export function TaskStatusBadge({ status }: { status: TaskSummary["status"] }) {
  return (
    <Badge tone={tones[status.kind]} dot>
      {status.label}
    </Badge>
  );
}
