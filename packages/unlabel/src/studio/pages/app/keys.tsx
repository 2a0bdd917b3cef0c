// Keys of the page that is shown, told by `?`. None is taken while somebody types, or with a key that browsers and systems use.
import { useEffect, useRef } from "preact/hooks";

/** Keys, each with its words and what it does. Names are those of KeyboardEvent: `j`, `ArrowDown`, `Enter`; `g r` is one after the other. */
export type Keys = Readonly<Record<string, readonly [words: string, act: (event: KeyboardEvent) => void]>>;

interface Group {
  title: string;
  keys: Keys;
}

const groups = new Set<{ current: Group }>();

/** All that there are now, for the page of help. */
export function knownKeys(): Group[] {
  return [...groups].map(({ current }) => current);
}

/** Keys while the component is there; those that came last come first. */
export function useKeys(title: string, keys: Keys): void {
  const group = useRef<Group>({ title, keys });
  group.current = { title, keys };
  useEffect(() => {
    groups.add(group);
    return () => void groups.delete(group);
  }, []);
}

/** Within fields letters are letters. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement)
    return !["checkbox", "radio", "button", "submit", "range"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Keys by which a focused element is used. */
function isOwn(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (key === "Enter" || key === " ")
    return target.closest("a, button, summary, input, [role=button], [role=radio]") !== null;
  if (/^Arrow/.test(key)) return target instanceof HTMLInputElement;
  return false;
}

let first: { key: string; at: number } | null = null;
const PAIR_MS = 1_200;

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  const { key, target } = event;
  if (isTyping(target)) {
    if (key === "Escape") (target as HTMLElement).blur();
    return;
  }
  if (isOwn(target, key)) return;
  // A dialog has its own keys, and the browser's Escape.
  if (document.querySelector("dialog[open]")) return;
  const pair = first !== null && Date.now() - first.at < PAIR_MS ? `${first.key} ${key}` : null;
  first = null;
  const all = [...groups].reverse();
  for (const wanted of [pair, key]) {
    if (wanted === null) continue;
    for (const { current } of all) {
      const found = Object.hasOwn(current.keys, wanted) ? current.keys[wanted] : undefined;
      if (!found) continue;
      event.preventDefault();
      found[1](event);
      return;
    }
  }
  if (all.some(({ current }) => Object.keys(current.keys).some((one) => one.startsWith(`${key} `)))) {
    first = { key, at: Date.now() };
  }
});
