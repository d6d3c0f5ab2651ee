import { Button } from "@/app/_ui/button";
import { formatCount, formatNumber } from "@/app/_ui/format-quantity";

/** The end of a list that is paged by cursor: how much is shown of how much, and the next page. */
export function LoadMore(props: {
  shown: number;
  total: number;
  /** In the singular. */
  noun: string;
  hasMore: boolean;
  busy: boolean;
  onMore: () => void;
}) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-3 border-t border-line px-5 py-3 text-[13px] text-ink-muted">
      <span>
        {formatCount(props.shown)} of {formatNumber(props.total, props.noun)}
      </span>
      {props.hasMore && (
        <Button size="small" onClick={props.onMore} disabled={props.busy}>
          {props.busy ? "Loading…" : "Show more"}
        </Button>
      )}
    </div>
  );
}
