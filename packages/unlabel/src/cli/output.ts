// What people and programs read: plain text when piped, colours only on a terminal that wants them, tables that fit.
import { styleText } from "node:util";
import { table as layOut } from "../base/table.ts";

type Style = Parameters<typeof styleText>[0];

/** Colours `text` where the stream is a terminal and NO_COLOR is unset. */
export function paint(style: Style, text: string, stream: { isTTY?: boolean } = process.stdout): string {
  return stream.isTTY && !process.env.NO_COLOR ? styleText(style, text, { validateStream: false }) : text;
}

export function print(text = ""): void {
  process.stdout.write(`${text}\n`);
}

/** Ends a command: the JSON object as stdout's last line where asked for, else the lines for people. */
export function finish(json: boolean, result: object, lines: string[]): void {
  print(json ? JSON.stringify(result) : lines.join("\n"));
}

let silent = false;

/** From here on nothing is said at a signal, either: another process says it. */
export function beSilent(): void {
  silent = true;
}

/** Columns of standard output; a pipe has no end. */
function columns(): number {
  return process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
}

/** Rows in columns, cut where they would not fit a terminal, and whole where they are piped. */
export function table(rows: (string | number)[][], width = columns()): string {
  return layOut(rows, width);
}

/**
 * From here on Ctrl-C, SIGTERM and a closed terminal end the command at once, wherever it is: a line on stderr, the JSON object as
 * stdout's last line where asked for, exit code 130.
 *
 * @returns leaves signals to what handled them before when disposed of
 */
export async function leaveWhenInterrupted(json: boolean, line: string, result: object = {}): Promise<Disposable> {
  const { leaveAtSignal } = await import("../base/signals.ts");
  if (silent) return leaveAtSignal("", "");
  // Behind a bar that stands on the terminal's last line.
  const start = process.stderr.isTTY ? "\n" : "";
  return leaveAtSignal(`${start}${line}\n`, json ? `${JSON.stringify({ interrupted: true, ...result })}\n` : "");
}

/** Sentences, broken between words where a terminal would break them within. */
export function prose(text: string, width = columns()): string {
  let line = 0;
  return text
    .split(" ")
    .map((word, i) => {
      const breaks = i > 0 && line + 1 + word.length > width;
      line = breaks || i === 0 ? word.length : line + 1 + word.length;
      return i === 0 ? word : `${breaks ? "\n" : " "}${word}`;
    })
    .join("");
}

/** Two columns, names and what they are. */
export function facts(pairs: [string, string][], width = columns()): string {
  return table(
    pairs.map(([name, value]) => [name, value]),
    width,
  );
}

/** `0.5123` as `51.2 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Seconds as people say them: `8.2s`, `3m 12s`, `2h 05m`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  const s = Math.round(seconds);
  if (s < 3600) return `${Math.floor(s / 60)}m ${String(s % 60).padStart(2, "0")}s`;
  return `${Math.floor(s / 3600)}h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")}m`;
}
