import { expect, it } from "vitest";
import { expandNodes } from "./nodelist.ts";

it.each([
  ["node7", ["node7"]],
  ["node[01-03,07]", ["node01", "node02", "node03", "node07"]],
  ["gpu-a,gpu-b[9-11]", ["gpu-a", "gpu-b9", "gpu-b10", "gpu-b11"]],
  ["n[098-101].site", ["n098.site", "n099.site", "n100.site", "n101.site"]],
  ["rack[1-2]n[1,3]", ["rack1n1", "rack1n3", "rack2n1", "rack2n3"]],
  ["login, node[5]", ["login", "node5"]],
])("expands %s", (list, names) => {
  expect(expandNodes(list)).toEqual(names);
});

it.each([
  ["", "no name"],
  ["node[1-3", "brackets that do not match"],
  ["node1]", "brackets that do not match"],
  ["node[[1]]", "brackets that do not match"],
  ["node[3-1]", 'the range "3-1"'],
  ["node[a-c]", 'the range "a-c"'],
  ["node[1-999999999999]", "more than 100000 names"],
  ["n[1-999]m[1-999]", "more than 100000 names"],
])("refuses %j", (list, got) => {
  expect(() => expandNodes(list)).toThrow(`Expected names of machines as in node[01-03,07], got ${got} in `);
});
