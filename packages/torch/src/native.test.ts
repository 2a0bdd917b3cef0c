// What loading the engine leaves of the environment, seen by a program of its own.
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

const code = `
  const { engineInfo } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
  const { waitPolicy, spinCount } = engineInfo();
  const { OMP_WAIT_POLICY, GOMP_SPINCOUNT, KMP_BLOCKTIME } = process.env;
  console.log(JSON.stringify({ waitPolicy, spinCount, OMP_WAIT_POLICY, GOMP_SPINCOUNT, KMP_BLOCKTIME }));
`;

const unset = { OMP_WAIT_POLICY: undefined, GOMP_SPINCOUNT: undefined, KMP_BLOCKTIME: undefined };

it.each([
  [{}, { waitPolicy: "passive", spinCount: "50000" }],
  [{ KMP_BLOCKTIME: "3" }, { waitPolicy: "passive", spinCount: "50000" }],
  [{ GOMP_SPINCOUNT: "7" }, { waitPolicy: "passive", spinCount: "7" }],
  [{ OMP_WAIT_POLICY: "active" }, { waitPolicy: "active", spinCount: null }],
])("threads wait as the user set it, or spin for a while, and the environment is left as it was: %j", (own, found) => {
  const env = { ...process.env, ...unset, ...own };
  const args = ["--import", "tsx", "--input-type=module", "-e", code];
  expect(JSON.parse(execFileSync(process.execPath, args, { env, encoding: "utf8" }))).toEqual({ ...own, ...found });
});
