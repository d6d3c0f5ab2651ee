"use client";

import { useEffect, useState } from "react";

/** The value once it has stood still for `settleMs`: asking on every keystroke would be asking for nothing. */
export function useSettled<T>(value: T, settleMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), settleMs);
    return () => clearTimeout(timer);
  }, [value, settleMs]);
  return settled;
}
