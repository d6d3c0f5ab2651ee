import { existsSync } from "node:fs";
import { chromium } from "@playwright/test";

const installedPlaces = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** `executablePath` null: Playwright's own, where it keeps it. */
export type Browser = { readonly executablePath: string | null };

/** CHROMIUM_PATH, else Playwright's own download, else one that this machine has; null: none. */
export function findBrowser(): Browser | null {
  const { CHROMIUM_PATH } = process.env;
  if (CHROMIUM_PATH) return { executablePath: CHROMIUM_PATH };
  if (existsSync(chromium.executablePath())) return { executablePath: null };
  const installed = installedPlaces.find((place) => existsSync(place));
  return installed === undefined ? null : { executablePath: installed };
}
