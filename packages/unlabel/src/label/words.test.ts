import { expect, it } from "vitest";
import type { Rival, Standing } from "../score/race.ts";
import { about, detailOf, rowWords, verdictOf } from "./words.ts";

const rival = (name: string, more: number | null, mean = 0.1): Rival => ({
  ...{ name, mean, interval: [mean - 0.2, mean + 0.2], more },
  settled: more === 0,
});
const standing = (changes: Partial<Standing>): Standing => ({
  draws: 20,
  runs: [
    { name: "simclr-0", right: 14 },
    { name: "mae-0", right: 9 },
  ],
  leader: "simclr-0",
  rivals: [rival("mae-0", 18)],
  settled: false,
  more: 18,
  early: false,
  ...changes,
});

it("says in one sentence where it stands", () => {
  expect(verdictOf(standing({}), 300)).toBe("About 40 more would settle it");
  expect(verdictOf(standing({}), 21)).toBe("About 25 more would settle it");
  expect(verdictOf(standing({ settled: true, more: 0 }), 300)).toBe("Settled: simclr-0 is better");
  expect(verdictOf(standing({ early: true, more: null }), 300)).toBe("Too early to tell");
  expect(verdictOf(standing({ more: null }), 300)).toBe("At this rate even all images would not settle it");
  expect(verdictOf(standing({ leader: null, more: null }), 300)).toMatch(/^Level so far/);
  expect(verdictOf(standing({}), 0)).toBe("All images are labelled, and the runs are too close to tell apart");
  // Of all images a difference is known, however small: that is said of these, and no more.
  const all = "All images are labelled: simclr-0 was right on more of those that counted than ";
  expect(verdictOf(standing({ settled: true, more: 0 }), 0)).toBe(`${all}mae-0`);
  const three = {
    runs: [...standing({}).runs, { name: "byol-0", right: 3 }],
    rivals: [rival("mae-0", 18), rival("byol-0", 0)],
  };
  expect(verdictOf(standing(three), 300)).toBe("simclr-0 is better than byol-0; about 40 more would settle mae-0");
  expect(verdictOf(standing({ ...three, settled: true }), 300)).toBe("Settled: simclr-0 is the best of 3");
  expect(verdictOf(standing({ ...three, settled: true }), 0)).toBe(`${all}the others`);
  const alone = { runs: [{ name: "mae-0", right: 9 }], rivals: [], leader: null, more: null };
  expect(verdictOf(standing(alone), 300)).toBe("mae-0 told 9 of 20 before their label");
});

it("claims no more than is known", () => {
  expect([1, 7, 12, 47, 51, 199, 201, 1234].map(about)).toEqual([1, 7, 15, 50, 60, 200, 250, 1250]);
});

it("says of a bar what it shows, from whichever side", () => {
  const words = "b is right 10.0 points more often than a, between −5.0 and 25.0";
  expect(rowWords("a", "b", { mean: 0.1, interval: [-0.05, 0.25] })).toBe(words);
  expect(rowWords("b", "a", { mean: -0.1, interval: [-0.25, 0.05] })).toBe(words);
  expect(detailOf(standing({}))).toMatch(
    /^Of 20 images drawn at random, told before the label: simclr-0 right on 14, mae-0 on 9\./,
  );
  expect(detailOf(standing({ draws: 0 }))).toMatch(/^Every second image is drawn at random/);
});
