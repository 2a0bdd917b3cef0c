// The pictures that a run drew while it trained, as a section of its page.
import type { RunDetail } from "../../messages/runs.ts";
import { OverTime } from "../over-time/over-time.tsx";
import { Section } from "../parts/section.tsx";

export function OverTimeSection({ run }: { run: RunDetail }) {
  return (
    <Section id="over-time" title="Pictures over time">
      <OverTime id={run.row.id} trained={run.row.seconds} />
    </Section>
  );
}
