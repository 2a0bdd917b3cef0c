// Light and dark: as the system has it, or as the reader chose, on this machine. Charts and canvases ask for colours here.
import { useEffect, useState } from "preact/hooks";

const KEY = "unlabel-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

const before = stored();
if (before === "light" || before === "dark") document.documentElement.dataset.theme = before;
dark.addEventListener("change", tell);

function tell(): void {
  for (const listener of [...listeners]) listener();
}

/** What is shown now. */
export function themeNow(): "light" | "dark" {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return dark.matches ? "dark" : "light";
}

/** The other one. */
export function switchTheme(): void {
  const next = themeNow() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Held until the page is left.
  }
  tell();
}

/** The theme, and again when it changes. */
export function useTheme(): "light" | "dark" {
  const [now, setNow] = useState(themeNow);
  useEffect(() => {
    const update = () => setNow(themeNow());
    listeners.add(update);
    return () => void listeners.delete(update);
  }, []);
  return now;
}

const probe = document.createElement("span");
probe.hidden = true;

/** A token's colour as canvases take it: `token("--run0")`. */
export function token(name: string): string {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

/** The token of the n-th of several things: six, then again from the first. */
export function colorToken(index: number): string {
  return `--run${((index % 6) + 6) % 6}`;
}

/** Whether the reader asked for little motion. */
export function isCalm(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
