"use client";

import { useLayoutEffect } from "react";
import { applyTheme, storedTheme } from "./theme";

/**
 * Follows the machine while the page is open, and sets the theme again where React draws the whole
 * document anew (a page that is not found), which takes away what the script before the first paint set.
 */
export function ThemeKeeper() {
  useLayoutEffect(() => {
    const follow = () => applyTheme(storedTheme());
    follow();
    const machine = matchMedia("(prefers-color-scheme: dark)");
    machine.addEventListener("change", follow);
    return () => machine.removeEventListener("change", follow);
  }, []);
  return null;
}
