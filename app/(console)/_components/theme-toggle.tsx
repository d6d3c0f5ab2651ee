"use client";

import { Monitor, Moon, Sun } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/app/_ui/button";
import { applyTheme, storedTheme, type Theme, themeStorageKey } from "@/app/_ui/theme";

const order: readonly Theme[] = ["system", "light", "dark"];
const looks = { system: Monitor, light: Sun, dark: Moon } as const;

/** Goes round system, light, dark; remembered in this browser. */
export function ThemeToggle() {
  const [theme, setTheme] = useState<Theme>("system");
  useEffect(() => setTheme(storedTheme()), []);
  const next = order[(order.indexOf(theme) + 1) % order.length] ?? "system";
  const Icon = looks[theme];
  const change = () => {
    localStorage.setItem(themeStorageKey, next);
    applyTheme(next);
    setTheme(next);
  };
  return (
    <Button
      look="ghost"
      size="icon"
      onClick={change}
      aria-label={`Theme: ${theme}. Change to ${next}.`}
      title={`Theme: ${theme}`}
    >
      <Icon />
    </Button>
  );
}
