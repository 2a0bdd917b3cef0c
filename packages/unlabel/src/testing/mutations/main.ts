// `npm run test:mutations [-- --count N --family N --kind photographs|rasters --list FILE]`: 10,000 damaged photographs through the
// reader, and as many damaged TIFFs of many bands, arrays and bitmaps through their decoders.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { MOST_MB } from "./memory.ts";
import { readMutants, summary } from "./run.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    family: { type: "string", default: "1" },
    kind: { type: "string" },
    list: { type: "string" },
  },
});
for (const kind of ["photographs", "rasters"] as const) {
  if (values.kind !== undefined && values.kind !== kind) continue;
  console.log(`${kind}:`);
  const survey = await readMutants(Number(values.count), Number(values.family), kind);
  const { outcomes, peakMb } = survey;
  if (values.list !== undefined)
    writeFileSync(`${values.list}.${kind}`, outcomes.map((one) => `${JSON.stringify(one)}\n`).join(""));
  console.log(summary(survey));
  const wordless = outcomes.filter(({ reason }) => reason !== null && !/^[\p{L}’ ]/u.test(reason));
  const unlike = outcomes.filter(({ agrees }) => !agrees);
  for (const { name, from, how } of [...wordless, ...unlike].slice(0, 20))
    console.log(`wrong: ${name}, ${from}, ${how}`);
  if (peakMb > MOST_MB) console.log(`wrong: ${peakMb} MB, more than ${MOST_MB}`);
  if (outcomes.length !== Number(values.count) || wordless.length + unlike.length > 0 || peakMb > MOST_MB)
    process.exitCode = 1;
}
