import type { ChaosReport } from "./run-chaos";

const findingsShownMax = 40;

/** The report as people read it: figures first, then whatever must not be. */
export function describeReport(report: ChaosReport): string {
  const { written, deeds, requests, findings } = report;
  const lines: [string, string | number][] = [
    ["seed", report.seed],
    ["seconds", report.seconds],
    ...sorted(deeds),
    ...sorted(requests),
    ["changes acknowledged", written.acknowledged + written.deletes],
    ["of them deletes", written.deletes],
    ["changes in doubt", written.doubtful],
    ["objects", report.objects],
    ["rows read back", report.rows],
    ["rows in merged copies", report.mergedRows],
    ["polls", report.polls],
    ["seconds until all was delivered", report.drainSeconds.toFixed(1)],
    ["lost", report.lost],
    ["doubled", report.doubled],
    ["findings", findings.length],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return [
    ...lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...findings.slice(0, findingsShownMax),
  ].join("\n");
}

function sorted(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([, one], [, other]) => other - one);
}
