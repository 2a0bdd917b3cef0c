import { expect, it } from "vitest";
import { escapeText, html, raw } from "./html.ts";

it("escapes what is put in, joins arrays, leaves out what is absent and lets its own HTML be", () => {
  const name = `<img src=x onerror='alert("1")'>&`;
  expect(html`<p title="${name}">${name}</p>`.text).toBe(
    `<p title="${escapeText(name)}">&lt;img src=x onerror=&#39;alert(&quot;1&quot;)&#39;&gt;&amp;</p>`,
  );
  expect(html`${[1, "<", html`<b>${"&"}</b>`]}${null}${undefined}${false}${raw("<i>")}${0}`.text).toBe(
    "1&lt;<b>&amp;</b><i>0",
  );
  expect(escapeText("a\u0000b\u001bc\td\ud800")).toBe("a\ufffdb\ufffdc\td\ufffd");
});
