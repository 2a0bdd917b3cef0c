// The settings in which runs differ, and no others.
import type { RunRow, SettingsMessage } from "../../messages/runs.ts";
import { RunName } from "../parts/run-name.tsx";
import { differences } from "./groups.ts";

interface Props {
  rows: readonly RunRow[];
  settings: SettingsMessage["runs"];
}

export function Differences({ rows, settings }: Props) {
  if (rows.length < 2 || settings.length === 0) return null;
  const found = differences(
    rows.map(({ id }) => id),
    settings,
  );
  return (
    <section class="differences" aria-labelledby="differences">
      <h2 id="differences">{found.length === 0 ? "Their settings are the same" : "What they differ in"}</h2>
      {found.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keyboard
        <section class="scroll" tabIndex={0} aria-label="Settings that differ">
          <table class="facts">
            <thead>
              <tr>
                <th scope="col">Setting</th>
                {rows.map(({ id, name }) => (
                  <th key={id} scope="col">
                    <RunName name={name} href={`/run/${id}`} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {found.map(({ key, values }) => (
                <tr key={key}>
                  <th scope="row" class="mono">
                    {key}
                  </th>
                  {values.map((value, i) => (
                    <td key={rows[i]!.id} class="mono">
                      {value === undefined ? <span class="soft">–</span> : <bdi>{value}</bdi>}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}
