import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type KnownChannel, planHeartbeat, planReports } from "./heartbeat";
import type { ChannelReport, ChannelStatus } from "./ports/table-source";

function report(channelId: string, version: number, status: ChannelStatus = "open"): ChannelReport {
  return { channelId, version: BigInt(version), status };
}

function known(channel: ChannelReport, drained = false): KnownChannel {
  return { channelId: channel.channelId, kind: "stream", report: channel, drained };
}

describe("the heartbeat of a task's tunnel client", () => {
  it("reports a channel TERMINATED only when it is drained, under the next version", () => {
    expect(planReports([known(report("a", 3)), known(report("b", 4), true)])).toEqual([
      report("a", 3),
      report("b", 5, "terminated"),
    ]);
  });

  it("lets a channel go that the tunnel wants back, and takes it when it is given out again", () => {
    const before = [known(report("a", 4, "closing"))];
    const reports = planReports(before);
    expect(reports).toEqual([report("a", 5, "closed")]);
    expect(planHeartbeat({ known: before, reports, answer: [] }).reports).toEqual(reports);
    const answer = [report("a", 6, "open")];
    expect(planHeartbeat({ known: before, reports, answer }).reports).toEqual(answer);
  });

  it("says nothing more of a channel that is over", () => {
    expect(planReports([known(report("a", 5, "terminated"), true)])).toEqual([]);
  });

  it("adds channels that the tunnel gives out for the first time", () => {
    const plan = planHeartbeat({
      known: [known(report("a", 1))],
      reports: [report("a", 1)],
      answer: [report("a", 1), report("b", 1)],
    });
    expect(plan.added).toEqual([report("b", 1)]);
    expect(plan.reports).toEqual([]);
  });

  it("keeps our word that a channel is over when the tunnel does not give it out again", () => {
    const plan = planHeartbeat({
      known: [known(report("a", 1), true)],
      reports: [report("a", 2, "terminated")],
      answer: [],
    });
    expect(plan.reports).toEqual([report("a", 2, "terminated")]);
    expect(plan.allTerminated).toBe(true);
  });

  it("follows the tunnel when its version is as high: the word TERMINATED is given again later", () => {
    const plan = planHeartbeat({
      known: [known(report("a", 1), true)],
      reports: [report("a", 2, "terminated")],
      answer: [report("a", 2)],
    });
    expect(plan.reports).toEqual([report("a", 2)]);
    expect(plan.allTerminated).toBe(false);
  });

  it("gives the word TERMINATED again for a channel that the tunnel gives out after all", () => {
    // It was another client's when it was told, and the tunnel listens to a channel's own client only.
    const before = [known(report("a", 3, "terminated"), true), known(report("b", 2))];
    const reports = planReports(before);
    const answer = [report("a", 5), report("b", 2)];
    const plan = planHeartbeat({ known: before, reports, answer });
    expect(plan.reports).toEqual([report("a", 5)]);
    expect(plan.allTerminated).toBe(false);
    expect(planReports([known(report("a", 5), true)])).toEqual([report("a", 6, "terminated")]);
  });

  it("is not over before there was a channel", () => {
    expect(planHeartbeat({ known: [], reports: [], answer: [] }).allTerminated).toBe(false);
  });

  it("never lowers a version, whatever the tunnel answers", () => {
    const anyReport = fc.record({
      channelId: fc.constantFrom("a", "b", "c"),
      version: fc.bigInt({ min: 0n, max: 9n }),
      status: fc.constantFrom<ChannelStatus>("open", "closing", "closed", "terminated"),
    });
    const channels = fc.uniqueArray(fc.tuple(anyReport, fc.boolean()), {
      selector: ([{ channelId }]) => channelId,
    });
    fc.assert(
      fc.property(
        channels,
        fc.uniqueArray(anyReport, { selector: ({ channelId }) => channelId }),
        (held, answer) => {
          const before = held.map(([channel, drained]) => known(channel, drained));
          const plan = planHeartbeat({ known: before, reports: planReports(before), answer });
          for (const after of plan.reports) {
            const old = before.find(({ channelId }) => channelId === after.channelId);
            expect(after.version >= (old?.report.version ?? 0n)).toBe(true);
          }
        },
      ),
    );
  });
});
