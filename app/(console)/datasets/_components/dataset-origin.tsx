import { Badge } from "@/app/_ui/badge";
import type { DatasetView } from "@/lib/contracts/dataset-body";

/** Who writes it. */
export function DatasetOrigin({ origin }: Pick<DatasetView, "origin">) {
  return origin === "task" ? <Badge tone="busy">task</Badge> : <Badge>sessions</Badge>;
}
