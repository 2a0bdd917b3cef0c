import { describe, expect, it } from "vitest";
import { doubtOf, partOfWord, partsOfFiles, partsOfNames, splitFolders } from "./splits.ts";

describe("the split of names", () => {
  it.each([
    ["train-000 val-000 extra-000", "train val -"],
    ["train val2 test_03", "train val test"],
    [
      "train-00000-of-00001-6f5a8b3c2d1e0f9a test-00000-of-00001-0a1b2c3d4e5f6a7b unsupervised-00000-of-00001",
      "train test -",
    ],
    ["imagenet1k-train-0000 imagenet1k-validation-00", "train val"],
    ["cifar_train cifar_test mnist_train mnist_test notes", "train test train test -"],
    ["a_train_x a_val_y b_train", "train val -"],
    ["train-cats val-birds", "train val"],
    ["cats.training dogs.testing", "train test"],
    ["bullet_train test_tube violin", "- - -"],
    ["bullet_train test_tube", "- -"],
    ["trainer contest validity", "- - -"],
    ["Обучение_train test x", "- test -"],
  ])("%s", (names, parts) => {
    expect(
      partsOfNames(names.split(" "))
        .map((part) => part ?? "-")
        .join(" "),
    ).toBe(parts);
  });

  it("is a file's before its folder's", () => {
    expect(partsOfFiles(["train/0.tar", "val/0.tar"])).toEqual(["train", "val"]);
    expect(partsOfFiles(["test/train-0.tar", "test/extra-0.tar"])).toEqual(["train", null]);
    expect(partsOfFiles(["test_station/0.tar"])).toEqual([null]);
  });

  it("is said to be none where a name may have meant one", () => {
    const names = ["bullet_train.tar", "a.tar"];
    expect(doubtOf(names, partsOfFiles(names))).toMatch(/^no split is read from bullet_train\.tar;/);
    expect(doubtOf(["train-0.tar"], partsOfFiles(["train-0.tar"]))).toBeNull();
  });

  it("is no folder's beside classes", () => {
    expect([...splitFolders(["bus", "car", "train"]).keys()]).toEqual([]);
    expect([...splitFolders(["Train", "TEST", "extra"])]).toEqual([
      ["Train", "train"],
      ["TEST", "test"],
    ]);
    expect(partOfWord(" Validation ")).toBe("val");
    expect(partOfWord("constructor")).toBeNull();
  });
});
