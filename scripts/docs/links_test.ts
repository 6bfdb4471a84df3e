import { deepEqual, equal, ok } from "node:assert/strict";
import { checkLinks, readLinks } from "./links.ts";

const hrefs = (text: string) => readLinks(text).links.map(({ href }) => href);
const anchors = (text: string) => [...readLinks(text).anchors];

Deno.test("links of text, images, references and HTML are found, with their lines", () => {
  const text = [
    "# Title",
    '[a](a.md) and [b\nc](<b c.md> "title") ![p](p.png)',
    "[x]: x.md",
    '<img src="y.png" alt="">',
    "[![badge](badge.svg)](https://example.com/a_(b))",
  ].join("\n");
  deepEqual(readLinks(text).links, [
    { line: 2, href: "a.md" },
    { line: 3, href: "b c.md" },
    { line: 3, href: "p.png" },
    { line: 6, href: "badge.svg" },
    { line: 6, href: "https://example.com/a_(b)" },
    { line: 4, href: "x.md" },
    { line: 5, href: "y.png" },
  ]);
});

Deno.test("the front page's links are links", () => {
  deepEqual(hrefs("---\nlayout: home\nhero:\n  - link: /a\n    image: /b.png\n---\n[c](c.md)\n"), [
    "/a",
    "/b.png",
    "c.md",
  ]);
});

Deno.test("what stands in code, fences and comments is no link", () => {
  deepEqual(hrefs("`[a](b)` ``[`c`](d)``\n```md\n[e](f)\n```\n<!-- [g](h) -->\n~~~\n[i](j)\n~~~\n[k](l)"), [
    "l",
  ]);
  deepEqual(hrefs("1. x\n\n   ```sh\n   [a](b)\n   ```\n\n   [c](d)\n"), ["d"]);
  equal(readLinks("```\na\nb\n```\n[c](d)").links[0]?.line, 5);
});

Deno.test("headings are anchors as GitHub makes them", () => {
  deepEqual(
    anchors(
      "# A title: `--flag`, and *more*\n## [Link](x.md) (1.2)\n### snake_case & Ünïcode\n#### Trailing ##\n",
    ),
    [
      "a-title---flag-and-more",
      "link-12",
      "snake_case--ünïcode",
      "trailing",
    ],
  );
  deepEqual(anchors("# Same\n# Same\n# Same\n"), ["same", "same-1", "same-2"]);
  deepEqual(anchors('## Own {#mine}\n<a id="mark"></a>\n```sh\n# no heading\n```\n'), ["mine", "mark"]);
});

function check(documents: Record<string, string>, files: readonly string[] = []) {
  const all = [...Object.keys(documents), ...files];
  const exists = (path: string) => all.some((file) => file === path || file.startsWith(`${path}/`));
  return checkLinks({ documents: new Map(Object.entries(documents)), exists });
}

Deno.test("files, folders, pages of the site and headings that are there are well", () => {
  const { problems, foreign } = check({
    "README.md": "# Read\n[a](docs/a.md#one) [b](docs/) [c](#read) [d](deploy/x.yaml#L3)",
    "docs/a.md": "# One\n[a](../README.md#read) [b](how-to/b.md) [c](https://example.com/x#y)",
    "docs/how-to/b.md": "# B\n[up](../a.md#one) [site](/a#one) [code](../../src/x%20y.ts)",
    "docs/index.md": "# I\n[list](how-to/) <mailto:a@b.c> [m](mailto:a@b.c)",
  }, ["deploy/x.yaml", "src/x y.ts"]);
  deepEqual(problems, []);
  deepEqual(foreign, ["https://example.com/x", "mailto:a@b.c"]);
});

Deno.test("each dead link is told, with its place", () => {
  const { problems } = check({
    "docs/a.md": "# One\n[a](b.md)\n[c](#two) [d](../../x.md)",
    "docs/how-to/b.md": "# B\n[up](../a.md#two)\n[site](/c)\n[site](/a#three)",
  });
  deepEqual(problems, [
    "docs/a.md:2: b.md leads to nothing",
    "docs/a.md:3: #two leads to no heading",
    "docs/a.md:3: ../../x.md leads out of the project",
    "docs/how-to/b.md:2: ../a.md#two leads to no heading",
    "docs/how-to/b.md:3: /c leads to nothing",
    "docs/how-to/b.md:4: /a#three leads to no heading",
  ]);
});

Deno.test("a heading whose name is written with other letters is another one", () => {
  ok(check({ "a.md": "# One\n[a](#One)" }).problems.length === 1);
});
