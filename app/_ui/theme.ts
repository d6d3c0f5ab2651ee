export type Theme = "system" | "light" | "dark";
export const themeStorageKey = "culvert-theme";

/** Sets the theme on the document; `system` follows the machine. */
export function applyTheme(theme: Theme): void {
  const dark =
    theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

/** What was chosen in this browser; storage may be forbidden, and then nothing was. */
export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(themeStorageKey);
    return stored === "light" || stored === "dark" ? stored : "system";
  } catch {
    return "system";
  }
}

/** Runs before the first paint, so that a dark page never flashes white. Plain text: it goes into a script element. */
export const themeScript = `(()=>{let t="system";try{t=localStorage.getItem("${themeStorageKey}")||t}catch{}document.documentElement.dataset.theme=t==="dark"||(t!=="light"&&matchMedia("(prefers-color-scheme: dark)").matches)?"dark":"light"})()`;
