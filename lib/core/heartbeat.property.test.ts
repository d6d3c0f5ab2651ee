import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type KnownChannel, planHeartbeat, planReports } from "./heartbeat";
import type { ChannelReport, ChannelStatus } from "./ports/table-source";

const ids = ["BaseData_0", "a", "b", "c"];
const report: fc.Arbitrary<ChannelReport> = fc.record({
  channelId: fc.constantFrom(...ids),
  version: fc.bigInt({ min: 0n, max: 9n }),
  status: fc.constantFrom<ChannelStatus>("open", "closing", "closed", "terminated"),
});
const known: fc.Arbitrary<KnownChannel[]> = fc
  .uniqueArray(fc.tuple(report, fc.boolean()), { selector: ([{ channelId }]) => channelId })
  .map((channels) =>
    channels.map(([one, drained]) => ({
      ...{ channelId: one.channelId, kind: "stream" as const, report: one, drained },
    })),
  );
/** A tunnel tells a client of open and closing channels, and of nothing else. */
const answer = fc
  .uniqueArray(report, { selector: ({ channelId }) => channelId })
  .map((reports) => reports.filter(({ status }) => status === "open" || status === "closing"));

describe("a tunnel's heartbeat", () => {
  it("P1: tells TERMINATED of drained channels alone", () => {
    fc.assert(
      fc.property(known, (channels) => {
        for (const { channelId, status } of planReports(channels)) {
          const channel = channels.find((one) => one.channelId === channelId);
          expect(status === "terminated").toBe(channel?.drained === true);
        }
      }),
    );
  });

  it("reports every channel that is not over, once, and keeps none that the tunnel wants back", () => {
    fc.assert(
      fc.property(known, (channels) => {
        const reports = planReports(channels);
        const open = channels.filter((one) => one.report.status !== "terminated");
        expect(reports.map(({ channelId }) => channelId)).toEqual(open.map((o) => o.channelId));
        expect(reports.some(({ status }) => status === "closing")).toBe(false);
      }),
    );
  });

  it("raises a version with every change of its own, or the tunnel would not listen", () => {
    fc.assert(
      fc.property(known, (channels) => {
        for (const one of planReports(channels)) {
          const before = channels.find(({ channelId }) => channelId === one.channelId)?.report;
          const isChanged = one.status !== before?.status;
          expect(one.version).toBe((before?.version ?? 0n) + (isChanged ? 1n : 0n));
        }
      }),
    );
  });

  it("adds exactly the open channels that nobody knew, and stores nothing of them twice", () => {
    fc.assert(
      fc.property(known, answer, (channels, answered) => {
        const plan = planHeartbeat({
          known: channels,
          reports: planReports(channels),
          answer: answered,
        });
        const before = new Set(channels.map(({ channelId }) => channelId));
        const unknown = answered.filter((o) => !before.has(o.channelId) && o.status === "open");
        expect(plan.added).toEqual(unknown);
        for (const { channelId } of plan.reports) expect(before).toContain(channelId);
      }),
    );
  });

  it("never calls a task delivered while the tunnel gives out a channel of it, or one is not drained", () => {
    fc.assert(
      fc.property(known, answer, (channels, answered) => {
        const plan = planHeartbeat({
          known: channels,
          reports: planReports(channels),
          answer: answered,
        });
        if (!plan.allTerminated) return;
        for (const { channelId, drained, report: before } of channels) {
          expect(drained || before.status === "terminated").toBe(true);
          const told = before.version + (before.status === "terminated" ? 0n : 1n);
          const given = answered.find((one) => one.channelId === channelId);
          expect(given === undefined || given.version < told).toBe(true);
        }
      }),
    );
  });

  it("brings every drained channel to its end at a tunnel that takes our word some time", () => {
    const rounds = fc.array(fc.boolean(), { maxLength: 8 });
    fc.assert(
      fc.property(known, rounds, (channels, ignores) => {
        // The tunnel's own view, which is ahead of ours or the same, as it is after lost answers.
        const tunnel = new Map(channels.map((one) => [one.channelId, one.report]));
        let held = channels.map((one) => ({ ...one, drained: true }));
        for (const isIgnored of [...ignores, false, false, false]) {
          const reports = planReports(held);
          for (const told of reports) {
            const at = tunnel.get(told.channelId);
            if (!isIgnored && at && told.version > at.version) tunnel.set(told.channelId, told);
          }
          const given = [...tunnel.values()]
            .filter(({ status }) => status !== "terminated")
            .map((one) => ({ ...one, status: "open" as const, version: one.version + 1n }));
          for (const one of given) tunnel.set(one.channelId, one);
          const plan = planHeartbeat({ known: held, reports, answer: given });
          const after = new Map(plan.reports.map((one) => [one.channelId, one]));
          held = held.map((one) => ({ ...one, report: after.get(one.channelId) ?? one.report }));
        }
        const statuses = [...tunnel.values()].map(({ status }) => status);
        expect(statuses.every((status) => status === "terminated")).toBe(true);
      }),
    );
  });
});
