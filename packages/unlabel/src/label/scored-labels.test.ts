// What is scored on of a session's labels, from the session's own answers.
import { expect, it } from "vitest";
import { halfOfDrawn } from "../eval/drawn-labels.ts";
import { makeWorld } from "../testing/label-world.ts";
import { LabelSession } from "./session.ts";

it("scores of a session's labels speak of all images, where those of all labels would not", () => {
  // A fifth of the images lies far out, and is never told right.
  const count = 100;
  const world = { count, classes: 2, dim: 2, signals: [1] };
  const sessions = 150;
  const [estimates, naive]: [number[], number[]] = [[], []];
  for (let seed = 0; seed < sessions; seed++) {
    const { labels, contenders } = makeWorld(world, seed);
    const isOdd = (image: number) => image % 5 === 0;
    const { features, dim } = contenders[0]!;
    for (let image = 0; image < count; image += 5)
      for (let axis = 0; axis < dim; axis++) features[image * dim + axis]! *= 4;
    const session = new LabelSession(contenders, count, seed);
    // Many of them, so that what coverage has shown is missed among the others.
    while (session.answers.length < 60) session.answer(labels[session.current!.image]!);
    const { answers, counted } = session;
    const items = answers.map(({ image, label, draw }) => {
      const isDrawn = draw === "uniform" || counted.has(image);
      return { path: `${image}`, label: Number(label === "class 0"), draw: isDrawn ? ("uniform" as const) : draw };
    });
    const { held } = halfOfDrawn({ name: "train", root: "images", items }, seed);
    const share = (images: number[]) => images.filter(isOdd).length / images.length;
    estimates.push(share(held.map((i) => Number(items[i]!.path))));
    naive.push(share(answers.map(({ image }) => image)));
  }
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = (values: number[]) =>
    Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)) / sessions);
  expect(Math.abs(mean(estimates) - 0.2)).toBeLessThan(4 * deviation(estimates));
  expect(Math.abs(mean(estimates) - 0.2)).toBeLessThan(0.02);
  expect(mean(naive)).toBeGreaterThan(0.24);
});
