import { equal } from "node:assert/strict";
import { code, page, prose, table } from "./markdown.ts";

Deno.test("prose is one line that Markdown, HTML and templates leave alone", () => {
  equal(prose("a\n  b <c> & {{ d }}"), "a b &lt;c&gt; &amp; &#123;&#123; d }}");
  equal(prose("x_y *z* a|b [l](m)"), "x\\_y \\*z\\* a\\|b \\[l\\](m)");
  equal(prose("one ` alone"), "one &#96; alone");
});

Deno.test("code in prose stays code", () => {
  equal(prose("set `a_b|c` and d_e"), "set `a_b\\|c` and d\\_e");
});

Deno.test("code is one line between ticks, whatever is in it", () => {
  equal(code("^(a|b)$"), "`^(a\\|b)$`");
  equal(code("a `b`"), "`` a `b` ``");
  equal(code(""), "");
});

Deno.test("tables and pages", () => {
  equal(table(["A", "B"], [["1", "2"]]), "| A | B |\n| --- | --- |\n| 1 | 2 |");
  equal(page("# T", "", ["a", "b"]), "# T\n\na\n\nb\n");
});
