// The report's page, rendered from its data alone.

import { count, list } from "../page/format.ts";
import { html } from "../page/html.ts";
import { script } from "../page/script.ts";
import { type Section, shell } from "../page/shell.ts";
import { style } from "../page/style.ts";
import type { ReportData } from "./data.ts";
import { mapScript } from "./map-script.ts";
import type { Gallery } from "./pictures.ts";
import type { Forming } from "./pictures-over-time.ts";
import { picturesStyle } from "./pictures-style.ts";
import { answer } from "./sections/answer.ts";
import { classes } from "./sections/classes.ts";
import { clusters } from "./sections/clusters.ts";
import { confusion } from "./sections/confusion.ts";
import { cost } from "./sections/cost.ts";
import { curves } from "./sections/curves.ts";
import { data as dataSection } from "./sections/data.ts";
import { forming as formingSection, formingStyle } from "./sections/forming.ts";
import { health } from "./sections/health.ts";
import { indicators } from "./sections/indicators.ts";
import { labels } from "./sections/labels.ts";
import { map } from "./sections/map.ts";
import { neighbours } from "./sections/neighbours.ts";
import { overTime } from "./sections/over-time.ts";
import { ranking } from "./sections/ranking.ts";
import { reconstructions } from "./sections/reconstructions.ts";
import { reproduce } from "./sections/reproduce.ts";
import { scores } from "./sections/scores.ts";
import { settings } from "./sections/settings.ts";
import { type Loaded, spriteStyle } from "./sprites.ts";

/** Everything that is not in the data. */
export type Media = { galleries: ReadonlyMap<string, Gallery>; loaded: Loaded; forming: Forming };

export function page(data: ReportData, { galleries, loaded: { sprites, missing }, forming }: Media): string {
  const all: Section[] = [
    ["ranking", "Ranking", ranking(data)],
    ["curves", "Training", curves(data)],
    ["health", "Health", health(data)],
    ["scores", "Scores", scores(data)],
    ["indicators", "Without labels", indicators(data)],
    ["time", "Accuracy over time", overTime(data)],
    ["labels", "Label efficiency", labels(data)],
    ["classes", "Classes", classes(data)],
    ["confusion", "Confusion", confusion(data, sprites)],
    ["map", "Map", map(data, sprites)],
    ["neighbours", "Neighbours", neighbours(data, sprites)],
    ["forming", "Pictures over time", formingSection(data, forming)],
    ["clusters", "Clusters", clusters(data, sprites)],
    ["pictures", "Reconstructions", reconstructions(data, galleries)],
    ["cost", "Cost", cost(data)],
    ["settings", "Settings", settings(data)],
    ["data", "Data", dataSection(data)],
    ["reproduce", "Reproduce", reproduce(data)],
  ];
  const { length } = data.runs;
  const date = new Date().toISOString().slice(0, 10);
  return shell({
    title: data.headline,
    first: {
      id: "answer",
      name: "Answer",
      body: html`<p class="kicker">What came out of ${length === 1 ? "this run" : `these ${count(length)} runs`}, ${date}</p>${answer(data)}${missing.length > 0 && html`<p class="warn">Pictures could not be read: ${list(missing)}.</p>`}`,
    },
    sections: all,
    footer: " from the run directories alone. Every sentence above follows from their numbers.",
    style: style + picturesStyle,
    script: sprites.size > 0 ? script + mapScript : script,
    last: html`${spriteStyle(sprites)}${formingStyle(forming)}`,
  });
}
