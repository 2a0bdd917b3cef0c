import { expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { commitOf } from "./commit.ts";

it("knows no commit outside of a project", () => {
  using folder = temporaryFolder();
  expect(commitOf(folder.path)).toBeNull();
});
