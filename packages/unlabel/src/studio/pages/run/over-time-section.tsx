// The pictures that a run drew while it trained, as a section of its page.
import type { RunDetail } from "../../messages/runs.ts";
import { OverTime } from "../over-time/over-time.tsx";
import { Section } from "../parts/section.tsx";

export function OverTimeSection({ run }: { run: RunDetail }) {
  const { id, seconds, step, total } = run.row;
  // Most are drawn early: what counts is the time that it has taken in the end.
  const whole = seconds !== null && total !== null && step > 0 ? (seconds * Math.max(step, total)) / step : seconds;
  return (
    <Section id="over-time" title="Pictures over time">
      <OverTime id={id} whole={whole} />
    </Section>
  );
}
