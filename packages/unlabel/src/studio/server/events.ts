// Server-sent events: one line to each page, on which it hears what is new.
import type { StudioEvent } from "../messages/runs.ts";

/** Proxies and browsers give up a line that says nothing. */
const QUIET_MS = 15_000;
/** A page that does not read any more must not fill the memory. */
const MOST_WAITING = 256;

type Listener = (text: string) => void;

/** All the lines. */
export class Events {
  readonly #listeners = new Set<Listener>();
  readonly #endings = new Set<() => void>();

  /** Pages that listen. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Tells every page. */
  send(event: StudioEvent): void {
    const text = `data: ${JSON.stringify(event)}\n\n`;
    for (const listener of this.#listeners) listener(text);
  }

  /** Tells every page that there is something new under a topic. */
  tell(topic: string): void {
    this.send({ type: "topic", topic });
  }

  /** A line to one page, which begins with `hello`. */
  open(hello: StudioEvent): Response {
    const encoder = new TextEncoder();
    let close = () => {};
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const listener = (text: string) => {
            // A page that has stopped reading is let go: it comes back by itself and asks for everything.
            if ((controller.desiredSize ?? 0) < -MOST_WAITING) close();
            else controller.enqueue(encoder.encode(text));
          };
          const timer = setInterval(() => listener(": still here\n\n"), QUIET_MS);
          timer.unref();
          close = () => {
            if (!this.#listeners.delete(listener)) return;
            this.#endings.delete(close);
            clearInterval(timer);
            try {
              controller.close();
            } catch {
              // The browser has closed it already.
            }
          };
          this.#listeners.add(listener);
          this.#endings.add(close);
          listener(`retry: 1000\ndata: ${JSON.stringify(hello)}\n\n`);
        },
        cancel: () => close(),
      },
      { highWaterMark: 1 },
    );
    return new Response(stream, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
  }

  /** Ends every line. */
  [Symbol.dispose](): void {
    for (const end of [...this.#endings]) end();
  }
}
