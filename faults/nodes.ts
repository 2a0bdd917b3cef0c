// Two machines, as two network namespaces of this one: ranks meet over their own addresses, and the store listens on the master's alone.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "./main.ts";
import { type Ended, expect, Program, run, succeeded } from "./program.ts";
import { pretrain, STEPS, stepsOf } from "./world.ts";

const PORT = 29_511;
const TIMEOUT = 30;

interface Node {
  name: string;
  address: string;
}

export function nodes(quick: boolean): Case[] {
  return quick ? [] : [meet(), listensOnLoopback()];
}

/** Two namespaces joined by a cable of their own; null where this process may not make them. */
function twoNodes(): { nodes: [Node, Node]; remove: () => void } | string {
  const id = process.pid % 100_000;
  const [a, b]: [Node, Node] = [
    { name: `ul${id}a`, address: "10.213.7.1" },
    { name: `ul${id}b`, address: "10.213.7.2" },
  ];
  const ip = (...args: string[]) => execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  const remove = () => {
    for (const { name } of [a, b]) {
      try {
        ip("netns", "del", name);
      } catch {
        // It was not made.
      }
    }
  };
  try {
    for (const { name } of [a, b]) ip("netns", "add", name);
    ip("link", "add", a.name, "netns", a.name, "type", "veth", "peer", "name", b.name, "netns", b.name);
    for (const { name, address } of [a, b]) {
      ip("-n", name, "addr", "add", `${address}/24`, "dev", name);
      ip("-n", name, "link", "set", name, "up");
      ip("-n", name, "link", "set", "lo", "up");
    }
    return { nodes: [a, b], remove };
  } catch (error) {
    remove();
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    return said.split("\n").at(-1) || "ip is not there";
  }
}

/** Addresses that a process's namespace listens on, at that port; `0.0.0.0` is any. */
function listening(pid: number, port: number): string[] {
  const found = ["tcp", "tcp6"].flatMap((kind) => {
    const file = `/proc/${pid}/net/${kind}`;
    if (!existsSync(file)) return [];
    return readFileSync(file, "utf8")
      .split("\n")
      .slice(1)
      .flatMap((line) => {
        const [, local = "", , state] = line.trim().split(/\s+/);
        const [hex = "", at = ""] = local.split(":");
        return state === "0A" && Number.parseInt(at, 16) === port ? [addressOf(hex)] : [];
      });
  });
  return [...new Set(found)];
}

/** The kernel writes an address as words of the machine's byte order. */
function addressOf(hex: string): string {
  if (hex.length > 8) return /^0+$/.test(hex) ? "::" : hex;
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(".");
}

function meet(): Case {
  return {
    name: "two network namespaces as two machines",
    async run(world, folder) {
      const made = twoNodes();
      if (typeof made === "string") return `not run: network namespaces are not permitted here (${made})`;
      try {
        const out = join(folder, "run");
        const [master] = made.nodes;
        const started = made.nodes.map(({ name }, rank) => {
          const env = {
            ...{ RANK: String(rank), WORLD_SIZE: "2", LOCAL_RANK: "0", LOCAL_WORLD_SIZE: "1" },
            ...{ MASTER_ADDR: master.address, MASTER_PORT: String(PORT), UNLABEL_TIMEOUT: String(TIMEOUT) },
          };
          return new Program(pretrain(world.data, "mae", out), { env, within: ["ip", "netns", "exec", name] });
        });
        let heard: string[] = [];
        await started[0]!.until(() => {
          if (heard.length === 0) heard = listening(started[0]!.child.pid!, PORT);
          return stepsOf(out).length >= 5;
        });
        const ended: Ended[] = await Promise.all(started.map((one) => one.ended));
        for (const one of ended) succeeded(one);
        expect(stepsOf(out).length === STEPS, `Expected ${STEPS} steps, got ${stepsOf(out).length}`);
        expect(heard.join() === master.address, `Expected the store on ${master.address} alone, got ${heard}`);
        return `${STEPS} steps; the store listened on ${heard}:${PORT} alone`;
      } finally {
        made.remove();
      }
    },
  };
}

function listensOnLoopback(): Case {
  return {
    name: "ranks of one machine meet where no other machine can reach them",
    async run(world, folder) {
      if (!existsSync("/proc/self/net/tcp")) return "not run: this system does not say who listens";
      const out = join(folder, "run");
      const port = PORT + 1;
      const program = new Program([
        "launch",
        "--nproc",
        "2",
        "--port",
        String(port),
        ...pretrain(world.data, "mae", out),
      ]);
      let heard: string[] = [];
      await program.until(() => {
        if (heard.length === 0) heard = listening(program.child.pid!, port);
        return stepsOf(out).length >= 5;
      });
      succeeded(await program.ended);
      expect(heard.join() === "127.0.0.1", `Expected the store on 127.0.0.1 alone, got ${heard}`);
      succeeded(await run(["evaluate", out, "--protocols", "knn", "--threads", "1"]));
      return `the store listened on 127.0.0.1:${port} alone`;
    },
  };
}
