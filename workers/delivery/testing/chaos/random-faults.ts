import type { Random } from "@/workers/tablestore/testing/fuzz/random";
import type { HttpFault, HttpJudge } from "../proxy/http-proxy";
import { type ProviderAnswer, s3Answer, tablestoreAnswer } from "../proxy/provider-answers";

/** Above every time-out of the clients behind the proxies. */
const beyondTimeoutMs = 32_000;

/** A network as bad as `share` says: so many of all requests meet one of all kinds of faults. */
function randomFaults(
  random: Random,
  share: number,
  refusals: readonly ProviderAnswer[],
): () => HttpFault | null {
  const kinds: readonly (() => HttpFault)[] = [
    () => ({ kind: "reset" }),
    () => ({ kind: "loseAnswer" }),
    () => ({ kind: "loseAnswer" }),
    () => ({ kind: "cutAnswer" }),
    () => ({ kind: "delay", ms: 50 + random.below(1_000) }),
    () => ({ kind: "throttle", bytesPerSecond: 50_000 + random.below(500_000) }),
    () => ({ kind: "holdAnswer", ms: 500 + random.below(2_500) }),
    () =>
      random.below(40) === 0 ? { kind: "holdAnswer", ms: beyondTimeoutMs } : { kind: "reset" },
    () => random.pick(refusals),
    () => random.pick(refusals),
  ];
  return () => (random.next() < share ? random.pick(kinds)() : null);
}

export function storeFaults(random: Random): HttpJudge {
  return randomFaults(random, 0.04, [
    s3Answer(503, "SlowDown"),
    s3Answer(500, "InternalError"),
    s3Answer(503, "ServiceUnavailable"),
  ]);
}

export function tableFaults(random: Random): HttpJudge {
  return randomFaults(random, 0.03, [
    tablestoreAnswer(503, "OTSServerBusy"),
    tablestoreAnswer(503, "OTSPartitionUnavailable"),
    tablestoreAnswer(403, "OTSQuotaExhausted", "Too frequent table operations."),
    tablestoreAnswer(503, "OTSTunnelServerUnavailable"),
    tablestoreAnswer(500, "OTSInternalServerError"),
  ]);
}
