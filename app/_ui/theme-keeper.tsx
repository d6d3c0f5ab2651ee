"use client";

import { useLayoutEffect } from "react";
import { applyTheme, storedTheme } from "./theme";

/**
 * Sets the theme again where React draws the whole document anew (a page that is not found), which
 * takes the attribute away that the script before the first paint had set.
 */
export function ThemeKeeper() {
  useLayoutEffect(() => applyTheme(storedTheme()), []);
  return null;
}
