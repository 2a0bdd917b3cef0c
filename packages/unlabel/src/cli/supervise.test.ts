// What launch does with its ranks, on small programs in their place; needs the built dist/, as `npm test` makes it.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const DIST = join(import.meta.dirname, "..", "..", "dist", "cli");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unlabel-test-"));
  // A rank runs the body that it is given; the launcher calls supervise on itself.
  writeFileSync(
    join(folder, "rank.mjs"),
    `const rank = Number(process.env.RANK);
     const say = (text) => process.stderr.write(text + "\\n");
     const stay = () => setInterval(() => {}, 1000);
     await (async () => { await new Function("rank", "say", "stay", "env", "return (async () => {" + process.argv[2] + "})()")(rank, say, stay, process.env); })();`,
  );
  writeFileSync(
    join(folder, "launcher.mjs"),
    `import { supervise } from ${JSON.stringify(join(DIST, "supervise.js"))};
     const [body, options] = process.argv.slice(2);
     process.exitCode = await supervise([body], { ranks: 2, port: 29999, showRanks: false, json: false, words: "launch --nproc 2",
       program: ${JSON.stringify(join(folder, "rank.mjs"))}, ...JSON.parse(options) });`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function launch(body: string, options: object = {}, onText?: (text: string, pid: number) => void) {
  const args = [join(folder, "launcher.mjs"), body, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (piece) => (out += piece));
  child.stderr.on("data", (piece) => {
    err += piece;
    onText?.(err, child.pid!);
  });
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, out, err })),
  );
}

it("tells each rank who it is, and shows what rank 0 says alone", async () => {
  const body =
    "console.log([rank, env.LOCAL_RANK, env.WORLD_SIZE, env.LOCAL_WORLD_SIZE, env.MASTER_ADDR, env.MASTER_PORT].join())";
  expect(await launch(body)).toEqual({ code: 0, out: "0,0,2,2,127.0.0.1,29999\n", err: "" });
});

it("shows what the others say where it is asked to, each line behind its number", async () => {
  const { code, out, err } = await launch("console.log('to out'); say('to err')", { showRanks: true });
  expect(code).toBe(0);
  // Programs read rank 0's stdout, and its last line.
  expect(out).toBe("to out\n");
  expect(err.split("\n").sort()).toEqual(["", "[rank 1] to err", "[rank 1] to out", "to err"]);
});

it("leaves it to rank 0 to say why it failed, and takes its code", async () => {
  const body =
    "if (rank === 0) { say('error: the reason'); process.exit(2); } else { say('error: rank 1: another'); process.exit(1); }";
  expect(await launch(body)).toEqual({ code: 2, out: "", err: "error: the reason\n" });
});

it("says itself what rank 0 has no reason or no chance to say", async () => {
  const quiet = await launch("if (rank === 1) { say('error: rank 1: its reason'); process.exit(1); }", { json: true });
  expect(quiet).toEqual({ code: 1, out: '{"error":"rank 1: its reason"}\n', err: "error: rank 1: its reason\n" });
  const killed = await launch("process.kill(process.pid, 'SIGKILL'); stay()");
  expect(killed).toEqual({ code: 137, out: "", err: "error: rank 0 ended by SIGKILL\n" });
});

it("ends the others soon after rank 0 has failed, also one that does not listen", async () => {
  const body = "process.on('SIGTERM', () => {}); if (rank === 0) { say('error: lost'); process.exit(1); } stay()";
  expect(await launch(body, { short: 0.5 })).toEqual({ code: 1, out: "", err: "error: lost\n" });
});

it("passes a signal on to all, and lets them save", async () => {
  let sent = false;
  const body = "process.on('SIGTERM', () => setTimeout(() => process.exit(130), 300)); say('ready'); stay()";
  const found = await launch(body, { showRanks: true }, (text, pid) => {
    if (sent || !text.includes("[rank 1] ready") || !/^ready$/m.test(text)) return;
    sent = true;
    process.kill(pid, "SIGTERM");
  });
  expect(found.code).toBe(130);
  expect(found.err).not.toContain("error");
});

it("takes its ranks along when it is killed", async () => {
  const file = join(folder, "gone");
  const body = `
    const { endWithLauncher } = await import(${JSON.stringify(join(DIST, "rank-output.js"))});
    const { appendFileSync } = await import("node:fs");
    process.on("SIGTERM", () => { appendFileSync(${JSON.stringify(file)}, String(rank)); process.exit(130); });
    endWithLauncher();
    say("ready");
    stay();`;
  let sent = false;
  await launch(body, { showRanks: true }, (text, pid) => {
    if (sent || !text.includes("[rank 1] ready") || !/^ready$/m.test(text)) return;
    sent = true;
    process.kill(pid, "SIGKILL");
  });
  await expect.poll(() => [...readFileSync(file, "utf8")].sort().join(""), { timeout: 5000 }).toBe("01");
});
