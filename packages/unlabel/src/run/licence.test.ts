import { expect, it } from "vitest";
import { inheritedLicence } from "./licence.ts";

const of = (licence: unknown) => ({ licence }) as never;

it.each([
  [{}, null],
  [{ init: of("mit") }, "mit"],
  [{ init: of(null), teacher: of("apache-2.0") }, "apache-2.0"],
  [{ init: of("mit"), teacher: of("mit") }, "mit"],
  [{ init: of("mit"), teacher: of("cc-by-nc-4.0") }, "other"],
  [{ init: of("two words"), teacher: of(7) }, null],
])("of %j is %s", (info, licence) => {
  expect(inheritedLicence(info)).toBe(licence);
});
