// `npm run test:mutations [-- --count N --family N --list FILE]`: 10,000 damaged images through the reader.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { MOST_MB } from "./memory.ts";
import { readMutants, summary } from "./run.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    family: { type: "string", default: "1" },
    list: { type: "string" },
  },
});
const survey = await readMutants(Number(values.count), Number(values.family));
const { outcomes, peakMb } = survey;
if (values.list !== undefined) writeFileSync(values.list, outcomes.map((one) => `${JSON.stringify(one)}\n`).join(""));
console.log(summary(survey));
const wordless = outcomes.filter(({ reason }) => reason?.trim() === "");
const unlike = outcomes.filter(({ agrees }) => !agrees);
for (const { name, from, how } of [...wordless, ...unlike].slice(0, 20)) console.log(`wrong: ${name}, ${from}, ${how}`);
if (peakMb > MOST_MB) console.log(`wrong: ${peakMb} MB, more than ${MOST_MB}`);
if (outcomes.length !== Number(values.count) || wordless.length + unlike.length > 0 || peakMb > MOST_MB)
  process.exitCode = 1;
