// The address of the page: what it shows stands in it, so that a link, a reload and the way back show the same.
import { useCallback, useEffect, useState } from "preact/hooks";

type Listener = () => void;
const listeners = new Set<Listener>();

function changed(): void {
  for (const listener of [...listeners]) listener();
}

addEventListener("popstate", changed);

/** Goes to another page of the studio. */
export function navigate(href: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", href);
  else {
    history.pushState(null, "", href);
    scrollTo(0, 0);
  }
  changed();
}

/** Path and query as they are now. */
export function useAddress(): { path: string; query: URLSearchParams } {
  const [address, setAddress] = useState(() => location.pathname + location.search);
  useEffect(() => {
    const update = () => setAddress(location.pathname + location.search);
    listeners.add(update);
    update();
    return () => void listeners.delete(update);
  }, []);
  const url = new URL(address, location.href);
  return { path: url.pathname, query: url.searchParams };
}

/**
 * A part of the address, such as `?x=minutes`.
 *
 * @param fallback what it is where the address does not say; the address never says it then
 * @returns the value, and what sets it: in place, or as a step of the way back with `push`
 */
export function useQuery(key: string, fallback = ""): [string, (value: string, how?: { push?: boolean }) => void] {
  const { query } = useAddress();
  const set = useCallback(
    (value: string, { push = false } = {}) => {
      const now = new URLSearchParams(location.search);
      if (value === fallback) now.delete(key);
      else now.set(key, value);
      const text = now.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
      const href = location.pathname + (text === "" ? "" : `?${text}`);
      if (push) history.pushState(null, "", href);
      else history.replaceState(null, "", href);
      changed();
    },
    [key, fallback],
  );
  return [query.get(key) ?? fallback, set];
}

/** The same for a list of words that hold no comma. */
export function useListQuery(key: string): [readonly string[], (values: readonly string[]) => void] {
  const [text, set] = useQuery(key);
  const setList = useCallback((values: readonly string[]) => set(values.join(",")), [set]);
  return [text === "" ? [] : text.split(","), setList];
}
