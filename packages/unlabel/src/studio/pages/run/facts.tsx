// How a run came to be: where, from what, with which settings.
import type { RunDetail } from "../../messages/runs.ts";
import { Section } from "../parts/section.tsx";

export function Facts({ run }: { run: RunDetail }) {
  const settings = Object.entries(run.config).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <Section id="facts" title="About this run">
      <dl class="about">
        {run.facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      <Lines title="How its images were understood" lines={run.understood} />
      <Lines title="Why these settings" lines={run.chosen} />
      <details>
        <summary>All {settings.length} settings</summary>
        <dl class="settings">
          {settings.map(([key, value]) => (
            <div key={key}>
              <dt class="mono">{key}</dt>
              <dd class="mono">{typeof value === "string" ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
        </dl>
      </details>
    </Section>
  );
}

function Lines({ title, lines }: { title: string; lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <details>
      <summary>{title}</summary>
      <ul class="plain-list">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </details>
  );
}
