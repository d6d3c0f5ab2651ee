import type { TunnelSummaryView } from "@/lib/contracts/tunnel-body";

export const typeWords: Readonly<Record<TunnelSummaryView["type"], string>> = {
  BaseData: "base data",
  Stream: "stream",
  BaseAndStream: "base data, then stream",
};

export const stageWords: Readonly<Record<TunnelSummaryView["stage"], string>> = {
  initialising: "initialising",
  base: "reading base data",
  stream: "reading the stream",
};
