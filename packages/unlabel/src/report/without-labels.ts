// The first screen where nothing was scored by labels: what indicators say, in words that claim no more than is known of them, and the
// commands by which a few labels settle it.
import { dirname, join } from "node:path";
import { commandLine, shellWord } from "../base/shell.ts";
import { list, plural } from "../page/format.ts";
import { trainedOf } from "./costs.ts";
import { type Group, mainProtocol } from "./groups.ts";
import { apart, betterOf, type IndicatorLead, indicatorLeads, lookedAt } from "./indicator-leads.ts";
import { isTrusted, namedFirst, type Trust, trustWords } from "./trust.ts";
import { TRUST } from "./trust-table.ts";

/** Commands that settle with labels what indicators leave open. */
export type Settle = {
  /** Opens the page where images are labelled by hand. */
  label: string;
  /** Reports on the runs with these labels. */
  report: string;
};

/** What a report says of runs that no protocol with labels has scored. */
export type WithoutLabels = {
  /** In one line. */
  headline: string;
  /** Which indicators put which first, and how each stands to its initial encoder. */
  sentences: string[];
  /** How far that goes. */
  verdict: string;
  /** The run that is likely the best, by a combination of indicators that stood the test; null where none is. */
  likely: string | null;
  /** What stands before the commands that settle it. */
  settles: string;
  /** What the intervals leave out. */
  caveats: string[];
  /** What each indicator that can decide says. */
  leads: IndicatorLead[];
  /** Null where the runs' images are not known to be the same. */
  settle: Settle | null;
};

const LOOKED: Record<string, string> = {
  val: "of val",
  "held out": "held out from training",
  train: "that training may have seen",
};

/** "66 images held out from training" */
export function lookedAtWords({ split, images }: { split: string; images: number }): string {
  return `${plural(images, "image")} ${LOOKED[split] ?? split}`;
}

/**
 * What can be said of runs that no protocol with labels has scored; null where one has, or where none was looked at.
 *
 * @param trust what labelled sets said of the indicators; null where that was not measured
 */
export function withoutLabels(groups: readonly Group[], trust: Trust | null = TRUST): WithoutLabels | null {
  const scored = groups.some(({ runs }) =>
    runs.some(({ evaluations }) => evaluations.fewShot !== null || evaluations.retrieval !== null),
  );
  if (scored || mainProtocol(groups) !== null || groups.every((group) => lookedAt(group).length === 0)) return null;
  const leads = indicatorLeads(groups);
  const odd = apart(groups);
  const settle = settleOf(groups);
  const looked = lookedGroups(groups);
  const likely = odd === null && isTrusted(trust) ? (looked[namedFirst(looked, trust) ?? -1]?.name ?? null) : null;
  return {
    headline: likely
      ? `Without labels, ${likely} is likely the ${looked.length === 2 ? "better" : "best"} one; a few labels would settle it.`
      : headlineOf(groups, leads, odd, trust !== null),
    sentences: [firsts(groups, leads, odd), ...besides(groups, leads), ...besideShelves(groups, leads, odd)],
    verdict: verdictOf(
      trust,
      looked.length > 1 && odd === null,
      likely ? { name: likely, among: looked.length } : null,
    ),
    likely,
    settles: `A few labels settle ${groups.length > 1 ? "which run is better" : "how good it is"}${settle ? ":" : "."}`,
    caveats: caveats(groups),
    leads,
    settle,
  };
}

/** No more than the labelled sets said. */
function verdictOf(trust: Trust | null, compared: boolean, likely: { name: string; among: number } | null): string {
  if (trust === null)
    return "How far these indicators go with what labels would say has not been measured yet, so they are no verdict.";
  if (!isTrusted(trust))
    return `${trustWords(trust)} That is no better than chance, so these indicators do not tell which run is better.`;
  if (!compared) return trustWords(trust);
  return likely
    ? `${likely.name} is likely the ${likely.among === 2 ? "better" : "best"} one, not certainly: the combination of indicators that stood the test puts it first. ${trustWords(trust)}`
    : `These indicators do not tell which run is better: the combination that stood the test puts none first. ${trustWords(trust)}`;
}

const lookedGroups = (groups: readonly Group[]) => groups.filter((group) => lookedAt(group).length > 0);

function headlineOf(
  groups: readonly Group[],
  leads: readonly IndicatorLead[],
  odd: string | null,
  trusted: boolean,
): string {
  const looked = lookedGroups(groups);
  const names = list(looked.map(({ name }) => name));
  if (leads.length === 0) return `Without labels, nothing can be told of ${names}.`;
  const [only] = looked;
  if (looked.length === 1 && only) {
    const g = groups.indexOf(only);
    const better = leads.filter(({ beside }) => beside[g]! > 0).length;
    return `Without labels, ${only.name} is better than its initial encoder by ${better} of ${plural(leads.length, "indicator")}; how good it is takes labels.`;
  }
  if (odd) return `${names} were looked at on ${odd}, so no indicator puts one first.`;
  const wins = winsOf(groups, leads);
  if (wins.length === 0) return `Without labels, no indicator tells ${names} apart.`;
  const neither = leads.filter(({ first }) => first === null).length;
  const counts = wins.map(({ name, titles }, i) =>
    i === 0
      ? `${plural(titles.length, "indicator")} ${titles.length === 1 ? "puts" : "put"} ${name} first`
      : `${titles.length} ${name}`,
  );
  const all = list([...counts, ...(neither > 0 ? [`${neither} ${looked.length === 2 ? "neither" : "none"}`] : [])]);
  return `Without labels: ${all}${trusted ? ", which does not tell which is better." : "; what that is worth has not been measured."}`;
}

/** What each group is put first by, most first. */
function winsOf(groups: readonly Group[], leads: readonly IndicatorLead[]): { name: string; titles: string[] }[] {
  return groups
    .map(({ name }, g) => ({ name, titles: leads.filter(({ first }) => first === g).map(({ title }) => title) }))
    .filter(({ titles }) => titles.length > 0)
    .toSorted((a, b) => b.titles.length - a.titles.length);
}

function firsts(groups: readonly Group[], leads: readonly IndicatorLead[], odd: string | null): string {
  const looked = lookedGroups(groups);
  const images = list([
    ...new Set(looked.flatMap(lookedAt).map(({ split, val_images }) => lookedAtWords({ split, images: val_images }))),
  ]);
  const absent = groups.filter((group) => !looked.includes(group)).map(({ name }) => name);
  const missing = absent.length > 0 ? ` ${list(absent)} ${absent.length === 1 ? "was" : "were"} not looked at.` : "";
  if (looked.length === 1) return `${looked[0]!.name} was looked at on ${images}, without labels.${missing}`;
  if (odd)
    return `The runs were looked at on ${odd} (${images}), so none is put before another; ${alikeWords(looked)}.${missing}`;
  const wins = winsOf(groups, leads);
  const untold = looked.filter((group) => leads.every(({ told }) => told[groups.indexOf(group)] === null));
  const nothing =
    untold.length > 0 ? ` Nothing can be told of ${list(untold.map(({ name }) => name))}: see Without labels.` : "";
  const open = leads.filter(({ first }) => first === null).map(({ title }) => title);
  const apartWords =
    wins.length === 0
      ? "no 95\u00a0% intervals set one run before the others"
      : `95\u00a0% intervals that do not overlap put ${list(wins.map(({ name, titles }) => `${name} first by ${list(titles)}`))}`;
  const rest =
    wins.length > 0 && open.length > 0 ? `; ${list(open)} ${open.length === 1 ? "does" : "do"} not tell` : "";
  return `On ${images}, ${apartWords}${rest}.${nothing}${missing}`;
}

/** How to have runs looked at alike, with a command for the first. */
function alikeWords(looked: readonly Group[]): string {
  const files = looked.flatMap(lookedAt);
  const least = Math.min(...files.map(({ val_images }) => val_images));
  const [run] = looked.flatMap(({ runs }) => runs);
  const { root } = run?.file.data ?? {};
  const command = commandLine(
    ...["evaluate", shellWord(run?.shelf?.source.path ?? run?.dir ?? "RUN")],
    ...(root == null ? [] : ["--data", shellWord(root)]),
    ...["--protocols", "indicators", "--indicator-images", String(least)],
    ...["--seed", String(files[0]?.settings?.seed ?? 0)],
  );
  return `evaluate each of them alike, such as: ${command}`;
}

/** How each group stands to its own initial encoder, which is what training has changed. */
function besides(groups: readonly Group[], leads: readonly IndicatorLead[]): string[] {
  if (leads.length === 0) return [];
  const parts = groups.flatMap(({ name, runs }, g) => {
    if (trainedOf(runs).length === 0) return [];
    const told = leads.filter((lead) => lead.told[g] && lead.initial[g]);
    if (told.length === 0) return [];
    const titles = (sign: number) => told.filter(({ beside }) => beside[g] === sign).map(({ title }) => title);
    const [better, worse] = [titles(1), titles(-1)];
    if (better.length + worse.length === 0) return [`${name} is told apart from it by none`];
    const words = [
      ...(better.length > 0 ? [`better by ${list(better)}`] : []),
      ...(worse.length > 0 ? [`worse by ${list(worse)}`] : []),
    ];
    return [`${name} is ${words.join(" but ")}`];
  });
  return parts.length > 0
    ? [`Beside ${groups.length > 1 ? "its own" : "its"} initial encoder, ${parts.join("; ")}.`]
    : [];
}

/** How each group that was trained stands to each encoder off the shelf. */
function besideShelves(groups: readonly Group[], leads: readonly IndicatorLead[], odd: string | null): string[] {
  if (odd) return [];
  const isTrained = ({ runs }: Group) => trainedOf(runs).length > 0;
  return groups.flatMap((shelf, s) => {
    if (isTrained(shelf) || lookedAt(shelf).length === 0) return [];
    const parts = groups.flatMap((group, g) => {
      if (!isTrained(group)) return [];
      const titles = (wanted: number) =>
        leads
          .filter(({ name, told }) => betterOf(name, told[g] ?? null, told[s] ?? null) === wanted)
          .map(({ title }) => title);
      const [better, worse] = [titles(1), titles(-1)];
      const words = [
        ...(better.length > 0 ? [`better by ${list(better)}`] : []),
        ...(worse.length > 0 ? [`worse by ${list(worse)}`] : []),
      ];
      return [
        words.length > 0 ? `${group.name} is ${words.join(" but ")}` : `${group.name} is told apart from it by none`,
      ];
    });
    return parts.length > 0 ? [`Beside ${shelf.name}, ${parts.join("; ")}.`] : [];
  });
}

function caveats(groups: readonly Group[]): string[] {
  const seeds = Math.max(...groups.map(({ runs }) => runs.length));
  return [
    seeds > 1
      ? `Intervals cover those of all seeds of a run, at most ${plural(seeds, "seed")}; so few say little of how far seeds lie apart.`
      : "Intervals come from the images looked at alone; how much another seed would change an indicator was not measured.",
  ];
}

/** Commands that work where this process stands, on the images that all of the runs were trained on. */
function settleOf(groups: readonly Group[]): Settle | null {
  const runs = groups.flatMap((group) => group.runs);
  const roots = new Set(runs.map(({ file }) => file.data?.root ?? null));
  const [root] = roots;
  const [first] = runs;
  if (roots.size > 1 || root == null || !first) return null;
  const folder = dirname(first.dir);
  const labels = shellWord(join(folder, "labels.csv"));
  // One run a group: seeds of one are not what is asked.
  const asked = groups.flatMap(({ runs: [run] }) => (run ? [shellWord(run.shelf?.source.path ?? run.dir)] : []));
  return {
    label: commandLine("label", shellWord(root), "--runs", ...asked, "-o", labels),
    report: commandLine(
      ...["report", ...runs.map(({ dir }) => shellWord(dir)), "--labels", labels],
      ...["-o", shellWord(join(folder, "labelled.html"))],
    ),
  };
}
