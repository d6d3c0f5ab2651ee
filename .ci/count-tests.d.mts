export type Total = { passed: number; failed: number; notRun: number };
type VitestReport = {
  testResults: { status: string; assertionResults: { status: string }[] }[];
};
type PlaywrightReport = {
  stats: { expected: number; unexpected: number; flaky: number; skipped: number };
};
export function countVitest(report: VitestReport | null, exitCode: number): Total;
export function countPlaywright(report: PlaywrightReport | null, exitCode: number): Total;
export function countCheck(exitCode: number): Total;
export function sumTotals(
  totals: readonly Total[],
  rule: { everythingHasToRun: boolean },
): { passed: number; failed: number };
