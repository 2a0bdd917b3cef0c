// What becomes of a run, and how it fares: a shape and a word, never a colour alone.
import type { HealthTold, RunState } from "../../messages/runs.ts";
import "./status.css";

const WORDS: Readonly<Record<RunState, readonly [word: string, meaning: string]>> = {
  live: ["live", "A process trains it now"],
  stale: ["stale", "It says that it is running, but no process trains it any more"],
  done: ["done", "It has trained to its end"],
  interrupted: ["stopped", "It was interrupted, with its state saved; it can go on"],
  failed: ["failed", "It ended with an error"],
  unread: ["unread", "Its run.json cannot be read"],
};

const SHAPES: Readonly<Record<RunState, string>> = {
  live: "M5 1a4 4 0 1 0 0 8a4 4 0 0 0 0-8",
  stale: "M5 1.2a3.8 3.8 0 0 0-3.3 1.9M8.3 3.1a3.8 3.8 0 0 1 0 3.8M5 8.8a3.8 3.8 0 0 1-3.3-1.9",
  done: "M1.5 5.2 4 7.7 8.6 2.4",
  interrupted: "M3.2 1.8v6.4M6.8 1.8v6.4",
  failed: "M2 2l6 6M8 2l-6 6",
  unread: "M5 1.5v4.4M5 8v.6",
};

export function Status({ state }: { state: RunState }) {
  const [word, meaning] = WORDS[state];
  return (
    <span class={`status ${state}`} title={meaning}>
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
        <path d={SHAPES[state]} />
      </svg>
      {word}
    </span>
  );
}

/** The word for a state. */
export function stateWord(state: RunState): string {
  return WORDS[state][0];
}

const FINE = new Set(["healthy", "too-early"]);

/** Whether a verdict is one to worry about. */
export function isSick(health: HealthTold | null): boolean {
  return health !== null && !FINE.has(health.verdict);
}

export function Health({ health }: { health: HealthTold | null }) {
  if (health === null) return <span class="soft">–</span>;
  const sick = isSick(health);
  return (
    <span class={`health-word ${sick ? "sick" : ""}`} title={health.text}>
      {sick && (
        <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
          <path d="M5 .8 9.6 9H.4z" />
        </svg>
      )}
      <span>{health.verdict.replaceAll("-", " ")}</span>
    </span>
  );
}
