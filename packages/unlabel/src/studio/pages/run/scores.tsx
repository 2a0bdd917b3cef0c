// What the encoder is worth: each score beside what needed no training.
import { count, percent, significant } from "../../../page/numbers.ts";
import type { RunDetail, ScoreLine } from "../../messages/runs.ts";
import { Section } from "../parts/section.tsx";

export function Scores({ scores, commands }: Pick<RunDetail, "scores" | "commands">) {
  if (scores.length === 0) {
    const canScore = commands.some(({ line }) => / evaluate /.test(line));
    return canScore ? (
      <Section id="scores" title="Scores">
        <p class="soft">Not evaluated yet; the command is below.</p>
      </Section>
    ) : null;
  }
  return (
    <Section id="scores" title="Scores">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keyboard */}
      <section class="scroll" tabIndex={0} aria-label="Table of scores">
        <table class="facts scores">
          <thead>
            <tr>
              <th scope="col">Protocol</th>
              <th scope="col">Score</th>
              <th scope="col" class="n">
                Trained
              </th>
              <th scope="col" class="n">
                95 % interval
              </th>
              <th scope="col" class="n">
                Untrained
              </th>
              <th scope="col" class="n">
                Pixels
              </th>
              <th scope="col" class="n">
                Chance
              </th>
              <th scope="col" class="range">
                <span class="heard">Range</span>
              </th>
              <th scope="col" class="n">
                Images
              </th>
            </tr>
          </thead>
          <tbody>
            {scores.map((line, i) => (
              <Line
                key={`${line.protocol} ${line.score}`}
                line={line}
                isFirst={scores[i - 1]?.protocol !== line.protocol}
              />
            ))}
          </tbody>
        </table>
      </section>
    </Section>
  );
}

/** Shares are said in percent, everything else as it is. */
function isShare({ score, protocol }: ScoreLine): boolean {
  return protocol !== "without labels" || score.endsWith("(share)");
}

function Line({ line, isFirst }: { line: ScoreLine; isFirst: boolean }) {
  const share = isShare(line);
  const words = (value: number | null) => (value === null ? "–" : share ? percent(value) : significant(value));
  return (
    <tr>
      <th scope="row">{isFirst ? line.protocol : <span class="heard">{line.protocol}</span>}</th>
      <td>{line.score.replace(" (share)", "")}</td>
      <td class="n strong">{words(line.trained)}</td>
      <td class="n soft">{line.interval ? `${words(line.interval[0])} to ${words(line.interval[1])}` : "–"}</td>
      <td class="n">{words(line.untrained)}</td>
      <td class="n">{words(line.pixels)}</td>
      <td class="n">{words(line.chance)}</td>
      <td class="range">{share && <Range line={line} />}</td>
      <td class="n soft">{count(line.images)}</td>
    </tr>
  );
}

/** The same on a line from nothing to all. */
function Range({ line }: { line: ScoreLine }) {
  const at = (value: number) => `${(100 * Math.max(0, Math.min(1, value))).toFixed(1)}%`;
  const marks = [
    ["chance", line.chance],
    ["pixels", line.pixels],
    ["untrained", line.untrained],
    ["trained", line.trained],
  ] as const;
  return (
    <span class="track" aria-hidden="true">
      {line.interval && (
        <span class="interval" style={{ left: at(line.interval[0]), width: at(line.interval[1] - line.interval[0]) }} />
      )}
      {marks.map(
        ([kind, value]) =>
          value !== null && <span key={kind} class={`mark ${kind}`} style={{ left: at(value) }} title={kind} />,
      )}
    </span>
  );
}
