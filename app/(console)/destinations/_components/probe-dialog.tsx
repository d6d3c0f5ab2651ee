"use client";

import { useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, CircleMinus } from "lucide-react";
import { callApi, problemOf } from "@/app/_api-client/request";
import { CodeBlock } from "@/app/_ui/code-block";
import { Dialog } from "@/app/_ui/dialog";
import { Notice } from "@/app/_ui/notice";
import { LoadError, SkeletonRows } from "@/app/_ui/states";
import type { DestinationProbe, DestinationView } from "@/lib/contracts/destination-body";

const looks = {
  passed: { icon: CircleCheck, ink: "text-good", label: "passed" },
  failed: { icon: CircleAlert, ink: "text-bad", label: "failed" },
  skipped: { icon: CircleMinus, ink: "text-ink-faint", label: "not tried" },
} as const;

/** Tries what delivery will do, one request at a time, and leaves nothing behind. */
export function ProbeDialog({
  destination,
  onClose,
}: {
  destination: DestinationView;
  onClose: () => void;
}) {
  const probe = useQuery({
    queryKey: ["probe", destination.id],
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: () =>
      callApi<DestinationProbe>(`/destinations/${encodeURIComponent(destination.id)}/probe`, {
        method: "POST",
      }),
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      wide
      title={`Test ${destination.name}`}
      description="Everything that delivery does to the bucket, tried with the destination's key."
    >
      {probe.isPending && <SkeletonRows rows={4} />}
      {probe.error && (
        <LoadError {...problemOf(probe.error)} onRetry={() => void probe.refetch()} />
      )}
      {probe.data && (
        <div className="flex flex-col gap-4">
          {probe.data.ok && <Notice tone="good" title="Culvert can deliver to this bucket" />}
          <ul className="flex flex-col gap-2.5">
            {probe.data.steps.map((step) => {
              const { icon: Icon, ink, label } = looks[step.outcome];
              return (
                <li key={step.operation} className="flex gap-2.5 text-[13px]">
                  <Icon aria-label={label} className={`mt-0.5 size-4 shrink-0 ${ink}`} />
                  <div className="min-w-0">
                    <p className="font-medium">{step.operation}</p>
                    {step.failure && (
                      <p className="text-ink-muted">
                        {step.failure.title}. {step.failure.cause} {step.failure.nextStep}
                      </p>
                    )}
                  </div>
                </li>
              );
            })}
          </ul>
          {!probe.data.ok && (
            <div>
              <p className="mb-2 text-[13px] font-medium">The policy that the key needs</p>
              <CodeBlock code={probe.data.policy} label="Policy" />
            </div>
          )}
        </div>
      )}
    </Dialog>
  );
}
