// Where indicators without labels and scores by labels say the same of the same runs, and where they do not: which run is first, and whether
// training has made an encoder better than the one that it began with.
import { list, percent, plural } from "../page/format.ts";
import { incomparable } from "./caveats.ts";
import { range, size, tiedWith } from "./comparison.ts";
import { trainedOf } from "./costs.ts";
import { type Group, gainOf, leadOf, mainProtocol, type Scored, scoredBy } from "./groups.ts";
import { type IndicatorLead, indicatorLeads, lookedAt } from "./indicator-leads.ts";
import { sign } from "./intervals.ts";

const PROTOCOLS: Partial<Record<string, string>> = { linear: "the linear probe", knn: "kNN" };

/** Sentences; none where no run has both. */
export function agreement(groups: readonly Group[]): string[] {
  const protocol = mainProtocol(groups);
  const by = protocol && PROTOCOLS[protocol];
  if (!protocol || !by) return [];
  const scored = scoredBy(groups, protocol).filter(({ group }) => lookedAt(group).length > 0);
  if (scored.length === 0) return [];
  const leads = indicatorLeads(groups);
  return [...ofRuns(groups, scored, leads, by), ...scored.flatMap((one) => ofTraining(groups, one, leads, by))];
}

const titlesOf = (leads: readonly IndicatorLead[]) => list(leads.map(({ title }) => title));

/** Which of several is first. */
function ofRuns(
  groups: readonly Group[],
  scored: readonly Scored[],
  leads: readonly IndicatorLead[],
  by: string,
): string[] {
  const [best, next] = scored;
  if (!best || !next || incomparable(scored)) return [];
  const decided = leads.filter(({ first }) => first !== null);
  const told = decided.map((lead) => ({ lead, name: groups[lead.first!]!.name }));
  if (told.length === 0) return [`No indicator puts a run before the others, so none agrees or disagrees with ${by}.`];
  const firsts = [...new Set(told.map(({ name }) => name))].map((name) => {
    const own = told.filter((one) => one.name === name).map(({ lead }) => lead);
    return `${titlesOf(own)} ${own.length === 1 ? "puts" : "put"} ${name} first`;
  });
  const tied = tiedWith(best, scored);
  if (tied.length > 1) {
    const names = list(tied.map(({ group, top1 }) => `${group.name} ${percent(top1)}`));
    return [`${upper(by)} does not tell ${names} apart, so that no indicator is borne out: ${list(firsts)}.`];
  }
  const agree = decided.filter(({ first }) => groups[first!] === best.group);
  const against = decided.filter((lead) => !agree.includes(lead));
  const lead = `${size(best.top1 - next.top1)} above ${next.group.name} (${range(leadOf(best, next))})`;
  const head = `${upper(by)} puts ${best.group.name} first, ${lead}`;
  const words =
    agree.length === 0
      ? `none of ${plural(decided.length, "indicator")} that ${decided.length === 1 ? "puts" : "put"} a run first ${decided.length === 1 ? "agrees" : "agree"} (${titlesOf(against)})`
      : `${agree.length} of ${plural(decided.length, "indicator")} that put a run first ${agree.length === 1 ? "agrees" : "agree"} (${titlesOf(agree)})${against.length > 0 ? `, ${titlesOf(against)} ${against.length === 1 ? "does" : "do"} not` : ""}`;
  return [`${head}; ${words}.`];
}

/** Whether training has made it better. */
function ofTraining(groups: readonly Group[], one: Scored, leads: readonly IndicatorLead[], by: string): string[] {
  const { group, untrained, top1 } = one;
  const gain = gainOf(one, "untrained");
  if (untrained === null || gain === null || trainedOf(group.runs).length === 0) return [];
  const g = groups.indexOf(group);
  const told = leads.filter((lead) => lead.told[g] && lead.initial[g]);
  if (told.length === 0) return [];
  const of = (wanted: number) => told.filter(({ beside }) => beside[g] === wanted);
  const [better, worse] = [of(1), of(-1)];
  const side = sign(gain);
  const found = `${size(top1 - untrained)} (${range(gain)})`;
  const words = [
    ...(better.length > 0 ? [`${titlesOf(better)} ${better.length === 1 ? "says" : "say"} better`] : []),
    ...(worse.length > 0 ? [`${titlesOf(worse)} ${worse.length === 1 ? "says" : "say"} worse`] : []),
  ];
  const said = words.length === 0 ? "no indicator tells the two apart" : list(words);
  const agree = side > 0 ? better.length : worse.length;
  const against = side > 0 ? worse.length : better.length;
  const how =
    side === 0 || words.length === 0
      ? ""
      : against === 0
        ? ", which agrees"
        : agree === 0
          ? ", which disagrees"
          : ", which agrees in part";
  const head =
    side === 0
      ? `${upper(by)} does not tell ${group.name} from its initial encoder`
      : `${upper(by)} finds ${group.name} ${side > 0 ? "better" : "worse"} than its initial encoder by ${found}`;
  return [`${head}; without labels, ${said}${how}.`];
}

/** kNN stays as it is. */
function upper(words: string): string {
  return words.startsWith("the ") ? `The ${words.slice(4)}` : words;
}
