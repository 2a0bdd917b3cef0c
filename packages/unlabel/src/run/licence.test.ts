import { expect, it } from "vitest";
import { inheritedLicence, isUnbound } from "./licence.ts";

const of = (licence: unknown) => ({ licence }) as never;
const own = { licence: null, unbound: true } as never;

it.each([
  [{}, null],
  [{ init: of("mit") }, "mit"],
  // What is unknown is not overruled by what is known.
  [{ init: of(null), teacher: of("apache-2.0") }, null],
  [{ init: of("mit"), teacher: of(null) }, null],
  [{ init: own, teacher: of("apache-2.0") }, "apache-2.0"],
  // As named for a run of one's own.
  [{ init: { licence: "cc-by-nc-4.0", unbound: true } as never }, "cc-by-nc-4.0"],
  [{ init: { licence: "cc-by-nc-4.0", unbound: true } as never, teacher: of("mit") }, "other"],
  [{ init: of("mit"), teacher: of("mit") }, "mit"],
  [{ init: of("mit"), teacher: of("cc-by-nc-4.0") }, "other"],
  [{ init: of("two words"), teacher: of(7) }, null],
])("of %j is %s", (info, licence) => {
  expect(inheritedLicence(info)).toBe(licence);
});

it("binds a run that has anything from elsewhere in it", () => {
  expect([{}, { init: own }, { init: of(null) }, { init: own, teacher: of("mit") }].map(isUnbound)).toEqual([
    ...[true, true, false, false],
  ]);
});
