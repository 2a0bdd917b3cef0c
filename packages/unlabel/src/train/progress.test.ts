import { expect, it } from "vitest";
import { clock, Progress, type ProgressStream } from "./progress.ts";

function recorder(stream: Partial<ProgressStream>) {
  const written: string[] = [];
  let time = 0;
  return {
    written,
    advance: (ms: number) => {
      time += ms;
    },
    options: { stream: { ...stream, write: (text: string) => written.push(text) }, now: () => time },
  };
}
const visible = (text: string) => text.replace("\r", "").replace("\u001b[K", "");

it.each([20, 40, 60, 80, 120, 200])("stays on one line of a %d-column terminal", (columns) => {
  const { written, advance, options } = recorder({ isTTY: true, columns });
  const progress = new Progress({ total: 1_000_000, ...options });
  for (const done of [1, 500_000, 1_000_000]) {
    advance(3_600_000);
    progress.update(done, "loss 4.1432", "epoch 1/100");
  }
  expect(written).toHaveLength(3);
  for (const text of written) {
    expect(text.startsWith("\r")).toBe(true);
    expect(text).not.toContain("\n");
    expect([...visible(text)].length).toBeLessThan(columns);
  }
});

it("shows share, count, time, what is left, speed and note", () => {
  const { written, advance, options } = recorder({ isTTY: true, columns: 100 });
  const progress = new Progress({ total: 100, ...options });
  advance(10_000);
  progress.update(25, "loss 4.1432", "epoch 1/4");
  expect(visible(written[0]!)).toMatch(
    /^epoch 1\/4 {2}25% \|█+.* \| 25\/100 \[00:10<00:30, 2\.50 steps\/s\] loss 4\.1432$/,
  );
});

it("tells slow steps in seconds a step, and counts a resumed run from where it began", () => {
  const { written, advance, options } = recorder({ isTTY: false });
  const progress = new Progress({ total: 12, start: 10, ...options });
  advance(6000);
  progress.update(11);
  expect(written).toEqual(["91% 11/12 [00:06<00:06, 6.00 s/step]\n"]);
});

it("says nothing of what is over before it is worth a word", () => {
  const { written, advance, options } = recorder({ isTTY: false });
  const progress = new Progress({ total: 3, quiet: 1000, ...options });
  advance(500);
  progress.update(1);
  progress.update(3);
  expect(written).toEqual([]);
  advance(1500);
  progress.update(2);
  expect(written).toEqual(["66% 2/3 [00:02<00:01, 1.00 steps/s]\n"]);
});

it("tells speed and time left from what is counted alone", () => {
  const { written, advance, options } = recorder({ isTTY: false });
  const progress = new Progress({ total: 20, ...options });
  advance(20_000);
  progress.leaveOut(10);
  progress.update(10);
  expect(written).toEqual(["50% 10/20 [00:20<00:10, 1.00 steps/s]\n"]);
});

it("writes at once what is urgent, and hands each line of text on", () => {
  const { written, options } = recorder({ isTTY: false });
  const said: string[] = [];
  const progress = new Progress({ total: 20, onLog: (text) => said.push(text), ...options });
  progress.update(1);
  progress.update(2, "looking at 256 images", "", true);
  progress.log("saved");
  expect(written).toHaveLength(3);
  expect(written[1]).toContain("looking at 256 images");
  expect(said).toEqual(["saved"]);
});

it("writes plain lines, seldom, where there is no terminal, and always the last", () => {
  const { written, advance, options } = recorder({ isTTY: false });
  const progress = new Progress({ total: 1000, ...options });
  for (let done = 1; done <= 1000; done++) {
    advance(20);
    progress.update(done);
  }
  expect(written.length).toBeGreaterThanOrEqual(4);
  expect(written.length).toBeLessThanOrEqual(6);
  for (const control of ["\r", "\u001b"]) expect(written.join("")).not.toContain(control);
  expect(written.at(-1)).toContain("1000/1000");
});

it("redraws a terminal at most ten times a second", () => {
  const { written, advance, options } = recorder({ isTTY: true, columns: 80 });
  const progress = new Progress({ total: 10_000, ...options });
  for (let done = 1; done <= 1000; done++) {
    advance(1);
    progress.update(done);
  }
  expect(written.length).toBeLessThanOrEqual(11);
});

it("clears the bar before a line of text and leaves the last bar standing", () => {
  const { written, options } = recorder({ isTTY: true, columns: 80 });
  const progress = new Progress({ total: 2, ...options });
  progress.update(1);
  progress.log("saved");
  progress.update(2);
  progress.end();
  progress.end();
  expect(written.slice(1, 3)).toEqual(["\r\u001b[K", "saved\n"]);
  expect(written.filter((text) => text === "\n")).toHaveLength(1);
});

it("writes times as people read them", () => {
  expect([0, 59.6, 3599, 3661, Number.NaN].map(clock)).toEqual(["00:00", "01:00", "59:59", "1:01:01", "?"]);
});
