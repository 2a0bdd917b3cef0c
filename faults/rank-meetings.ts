// Ranks that do not come together: one that never comes, has other settings or data or too little memory, or a port that is taken.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Case } from "./main.ts";
import { expect, run } from "./program.ts";
import { byHand, failed, SLACK, TIMEOUT } from "./rank-programs.ts";
import { copyOf, pretrain, stepsOf, type World } from "./world.ts";

export function meetings(): Case[] {
  return [outOfMemory(), missing(), portTaken(), ...different()];
}

function outOfMemory(): Case {
  return {
    name: "one rank of two is out of memory",
    async run(world, folder) {
      const out = join(folder, "run");
      const args = pretrain(world.data, "simclr", out);
      args[args.indexOf("--size") + 1] = "512";
      args[args.indexOf("--batch") + 1] = "20";
      const [first, second] = await byHand([args, args], { memoryKib: 5_000_000 });
      const line = failed(first!, /rank 1 .*Expected room for .* in memory/);
      expect(second!.code === 1, `Expected exit 1 of rank 1, got ${second!.code ?? second!.signal}`);
      return `"${line}"`;
    },
  };
}

function missing(): Case {
  return {
    name: "a rank that never comes",
    async run(world, folder) {
      const out = join(folder, "run");
      const args = pretrain(world.data, "mae", out);
      const began = performance.now();
      const [first] = await byHand([args, args, args], { only: [0, 2] });
      const line = failed(first!, /rank 1 did not come/);
      const seconds = (performance.now() - began) / 1000;
      expect(
        seconds < TIMEOUT + SLACK,
        `Expected the end within ${TIMEOUT} s and a little, got ${seconds.toFixed(0)} s`,
      );
      expect(!existsSync(join(out, "run.json")), "Expected no run yet");
      return `"${line}"`;
    },
  };
}

function portTaken(): Case {
  return {
    name: "the port where ranks are to meet is taken",
    async run(world, folder) {
      const server = createServer();
      const port = await new Promise<number>((resolve) => {
        server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
      });
      try {
        const args = ["launch", "--nproc", "2", "--port", String(port), "--timeout", `${TIMEOUT}s`];
        const ended = await run([...args, ...pretrain(world.data, "mae", join(folder, "run"))]);
        return `"${failed(ended, new RegExp(`${port}`))}"`;
      } finally {
        server.close();
      }
    },
  };
}

function different(): Case[] {
  const cases: [string, (args: string[], world: World, folder: string) => Promise<string[]>, RegExp][] = [
    ["settings", async (args) => [...args, "--lr", "0.5"], /rank 1\b.*|lr\b/],
    [
      "data",
      async (args, world, folder) => {
        const data = copyOf(world.data, join(folder, "data"));
        const [split] = readdirSync(data).sort();
        const [name] = readdirSync(join(data, split!)).sort();
        const [image] = readdirSync(join(data, split!, name!)).sort();
        writeFileSync(join(data, split!, name!, `other-${image}`), readFileSync(join(data, split!, name!, image!)));
        return args.map((word) => (word === world.data ? data : word));
      },
      /rank 1\b/,
    ],
  ];
  return cases.map(([what, change, pattern]) => ({
    name: `ranks with different ${what}`,
    async run(world, folder) {
      const out = join(folder, "run");
      const args = pretrain(world.data, "mae", out);
      const [first] = await byHand([args, await change(args, world, folder)]);
      const line = failed(first!, pattern);
      expect(stepsOf(out).length === 0, "Expected no step");
      return `"${line}"`;
    },
  }));
}
