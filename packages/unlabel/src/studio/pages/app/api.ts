// Asking the server, and asking again when it tells that something is new. What is shown stays until its successor is there.
import { useEffect, useRef, useState } from "preact/hooks";
import { isLineOpen, listen } from "./live.ts";

/** An answer on its way, or there. */
export interface Asked<T> {
  data: T | null;
  /** One line for people. */
  error: string | null;
  loading: boolean;
}

async function answerOf<T>(response: Response): Promise<T> {
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  const found = isJson ? ((await response.json()) as T & { error?: string }) : null;
  if (response.ok && found) return found;
  throw new Error(
    found?.error ?? ((await response.text().catch(() => "")).trim() || `The server said ${response.status}`),
  );
}

const AWAY = "Nothing answers any more: unlabel studio has ended. Start it again, and open the address that it prints.";

async function ask(path: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Error(AWAY);
  }
}

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  return await answerOf<T>(await ask(path, init));
}

/** Asks for a file. @throws {Error} with a line for people */
export async function download(path: string): Promise<{ name: string; file: Blob }> {
  const response = await ask(path);
  if (!response.ok) return await answerOf(response);
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1];
  return { name: name ?? "report.html", file: await response.blob() };
}

/** Asks for JSON. @throws {Error} with a line for people */
export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>(path, signal ? { signal } : {});
}

/** Sends JSON. @throws {Error} with a line for people */
export function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const headers = { "content-type": "application/json" };
  return request<T>(path, { method: "POST", headers, body: JSON.stringify(body), ...(signal && { signal }) });
}

/** Sends a file's bytes. @throws {Error} with a line for people */
export function postBytes<T>(path: string, body: Blob, signal?: AbortSignal): Promise<T> {
  const headers = { "content-type": "application/octet-stream" };
  return request<T>(path, { method: "POST", headers, body, ...(signal && { signal }) });
}

/** Between two questions about one thing, in milliseconds. */
const CALM_MS = 900;

/**
 * What the server answers, kept up to date.
 *
 * @param path null asks nothing
 * @param topics of which news ask again; also asked again after a break of the line
 */
export function useApi<T>(path: string | null, topics: readonly string[] = []): Asked<T> {
  const [asked, setAsked] = useState<Asked<T> & { path: string | null }>({
    path,
    data: null,
    error: null,
    loading: path !== null,
  });
  const wanted = topics.join("\n");
  const known = useRef(new Set<string>());
  known.current = new Set(topics);
  useEffect(() => {
    if (path === null) {
      setAsked({ path, data: null, error: null, loading: false });
      return;
    }
    const control = new AbortController();
    let [isBusy, isDue, last] = [false, false, 0];
    let timer: ReturnType<typeof setTimeout> | undefined;
    setAsked((before) => ({ path, data: before.path === path ? before.data : null, error: null, loading: true }));
    const ask = async () => {
      if (isBusy) {
        isDue = true;
        return;
      }
      isBusy = true;
      last = Date.now();
      try {
        const data = await get<T>(path, control.signal);
        if (!control.signal.aborted) setAsked({ path, data, error: null, loading: false });
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        if (!control.signal.aborted) setAsked((before) => ({ ...before, error: words, loading: false }));
      } finally {
        isBusy = false;
        if (isDue) {
          isDue = false;
          soon();
        }
      }
    };
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(() => void ask(), Math.max(0, last + CALM_MS - Date.now()));
    };
    void ask();
    // What was told while the line was closed has to be asked for; before it was first open, that is news alone.
    let wasOpen = isLineOpen();
    const leave = listen((event) => {
      if (event.type === "topic" && known.current.has(event.topic)) soon();
      if (event.type === "hello") {
        if (wasOpen || known.current.size > 0) soon();
        wasOpen = true;
      }
    });
    return () => {
      leave();
      clearTimeout(timer);
      control.abort();
    };
  }, [path, wanted]);
  return asked.path === path ? asked : { data: null, error: null, loading: path !== null };
}
