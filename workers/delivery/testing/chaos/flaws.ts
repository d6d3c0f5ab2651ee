import type { Database } from "@/lib/db/client";
import type { Random } from "@/workers/tablestore/testing/fuzz/random";
import type { HttpJudge } from "../proxy/http-proxy";
import type { Watcher } from "./watcher";

/**
 * Worlds in which no delivery can be right, to show that a run finds what is lost and what is doubled.
 * The product runs as it is; what it stands on lies.
 */
export const flaws = {
  /** A store that confirms an upload and drops it: its rows are lost. */
  "forgetful-store": "lost",
  /** A database that loses the last decide of a channel when it changes hands: its rows come twice. */
  "forgetful-database": "doubled",
} as const;

export type Flaw = keyof typeof flaws;

export function isFlaw(text: string): text is Flaw {
  return Object.hasOwn(flaws, text);
}

const forgottenShare = 0.3;

/** Judges as before, and drops some of what is completed. */
export function forgettingStore(random: Random, judge: HttpJudge): HttpJudge {
  return (request) => {
    const { method, url } = request;
    const completes = method === "POST" && url.searchParams.has("uploadId");
    return completes && random.next() < forgottenShare ? confirmed : judge(request);
  };
}

const confirmed = {
  kind: "answer",
  status: 200,
  headers: { "content-type": "application/xml" },
  body: `<?xml version="1.0" encoding="UTF-8"?>
<CompleteMultipartUploadResult><ETag>"00000000000000000000000000000000-1"</ETag></CompleteMultipartUploadResult>`,
} as const;

/** Batch numbers and epochs go on, so nothing but what is read again gives it away. */
export async function makeDatabaseForget(database: Database): Promise<void> {
  await database.prisma.$executeRaw`
    CREATE FUNCTION forget_last_batch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      SELECT COALESCE(max(b.start_checkpoint), NEW.checkpoint) INTO NEW.checkpoint
      FROM batch b WHERE b.channel_key = NEW.id AND b.number = NEW.batch_number AND NOT NEW.finished;
      RETURN NEW;
    END $$`;
  await database.prisma.$executeRaw`
    CREATE TRIGGER forget_last_batch BEFORE UPDATE ON channel
    FOR EACH ROW WHEN (NEW.epoch > OLD.epoch) EXECUTE FUNCTION forget_last_batch()`;
}

/** What was published so long ago would have been seen by every look at the bucket since. */
const surelySeenMs = 5_000;

/** Whether each of the flaws, if there are any, has done what a run has to find. */
export async function areExposed(
  given: readonly Flaw[],
  database: Database,
  { findings, objects }: Watcher,
): Promise<boolean> {
  if (given.length === 0) return false;
  if (given.includes("forgetful-database") && findings.length === 0) return false;
  if (!given.includes("forgetful-store")) return true;
  const published = await database.prisma.$queryRaw<{ key: string }[]>`
    SELECT key FROM delivered_object
    WHERE published_at < clock_timestamp() - ${surelySeenMs} * interval '1 millisecond'`.catch(
    // It is killed now and then, and asked again.
    () => [],
  );
  return published.some(({ key }) => !objects.has(key));
}
