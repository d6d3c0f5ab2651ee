import type { ClassicLevel } from "classic-level";
import type { Catalogue } from "./catalogue";
import type { CommitLoop } from "./commit-loop";
import type { Garbage } from "./garbage";
import { idKey, logKey, namespace } from "./key-encoding";
import { encodeTrim, type LogChannel, sequenceAtTime } from "./stream-log";

type Db = ClassicLevel<Buffer, Buffer>;

/**
 * Trims records older than each stream's expiration. First the border moves, durably, and from then
 * on a read below it is refused; only then are records removed. So no reader ever sees a hole.
 */
export async function trimStreams(
  db: Db,
  catalogue: Catalogue,
  loop: CommitLoop,
  garbage: Garbage,
  nowMs: number,
): Promise<void> {
  for (const table of catalogue.all()) {
    const { stream } = table.document;
    if (stream === null) continue;
    const keptFromUs = (nowMs - stream.expirationHours * 3_600_000) * 1000;
    for (const channel of [...table.closedChannels, ...table.channels]) {
      const first = await sequenceAtTime(db, channel, keptFromUs);
      if (first > channel.firstSequence) await moveBorder(catalogue, loop, garbage, channel, first);
    }
  }
}

async function moveBorder(
  catalogue: Catalogue,
  loop: CommitLoop,
  garbage: Garbage,
  channel: LogChannel,
  first: number,
): Promise<void> {
  await loop.change((commit) => {
    // The stream may have been switched off since the search.
    if (catalogue.channel(channel.ordinal) !== channel) return;
    const range = {
      gte: logKey(channel.ordinal, channel.firstSequence),
      lt: logKey(channel.ordinal, first),
    };
    garbage.add(commit, range);
    commit.putKey(idKey(namespace.logTrim, channel.ordinal), encodeTrim(first));
    channel.firstSequence = first;
  });
  garbage.sweep();
}
