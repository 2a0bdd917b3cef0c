// Threads on cores of their own, seen by programs of their own: what the system says of each thread.
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";

/** What a program prints whose engine has as many threads as there are cores. */
function answers(body: string): unknown {
  const code = `
    const { execSync } = await import("node:child_process");
    const { readdirSync, readFileSync } = await import("node:fs");
    const { bindThreads, randn, scope, setThreads } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
    const cores = ${availableParallelism()};
    const list = (text) => /Cpus_allowed_list:\\s*(.*)/.exec(text)[1];
    const own = () => list(readFileSync("/proc/self/status", "utf8"));
    const single = () => readdirSync("/proc/self/task")
      .map((thread) => list(readFileSync("/proc/self/task/" + thread + "/status", "utf8")))
      .filter((found) => /^\\d+$/.test(found));
    setThreads(cores);
    const all = own();
    console.log(JSON.stringify(await (async () => { ${body} })()));
  `;
  const env = { ...process.env, OMP_WAIT_POLICY: undefined, GOMP_SPINCOUNT: undefined, OMP_NUM_THREADS: undefined };
  const args = ["--import", "tsx", "--input-type=module", "-e", code];
  return JSON.parse(execFileSync(process.execPath, args, { env, encoding: "utf8" }));
}

describe.runIf(process.platform === "linux" && availableParallelism() > 1)("bindThreads", () => {
  const cores = availableParallelism();

  it("gives each thread another core, and all of them back", () => {
    const found = answers(`
      const bound = bindThreads(true);
      const each = single();
      return [bound, new Set(each).size, each.length, bindThreads(false), single().length, own() === all];
    `);
    expect(found).toEqual([true, cores, cores, true, 0, true]);
  });

  it("leaves programs that are started meanwhile all cores", () => {
    const found = answers(`
      bindThreads(true);
      return [own() === all, list(execSync("cat /proc/self/status", { encoding: "utf8" })) === all];
    `);
    expect(found).toEqual([false, true]);
  });

  it("says no where there are fewer threads than cores, and changes nothing", () => {
    const found = answers(`
      setThreads(1);
      return [bindThreads(true), own() === all];
    `);
    expect(found).toEqual([false, true]);
  });

  it("ends as another number of threads is set: new ones are not bound to the caller's core", () => {
    const found = answers(`
      bindThreads(true);
      setThreads(cores + 1);
      scope(() => randn([4096, 4096]).exp());
      return [single().length, own() === all];
    `);
    expect(found).toEqual([0, true]);
  });
});
