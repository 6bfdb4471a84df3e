import { deepEqual, equal, throws } from "node:assert/strict";
import { root } from "../lib/run.ts";
import { readPages, titleOf } from "./pages.ts";
import { type DocPage, type Section, SECTIONS, sidebarOf } from "./sections.ts";

const page = (name: string, title = name): DocPage => ({ name, title });
const sections: Section[] = [
  { title: "Tutorial", folders: ["tutorial"], pages: [] },
  { title: "How-to", folders: ["how-to"], pages: ["b", "a"] },
];

Deno.test("named pages stand first, in their order; those of folders follow by title", () => {
  const pages = [page("a", "Z"), page("b"), page("how-to/y", "A"), page("how-to/x", "B")];
  deepEqual(sidebarOf(pages, sections), [{
    text: "How-to",
    items: [
      { text: "b", link: "/b" },
      { text: "Z", link: "/a" },
      { text: "A", link: "/how-to/y" },
      { text: "B", link: "/how-to/x" },
    ],
  }]);
});

Deno.test("pages with numbers stand in their order", () => {
  const pages = [
    page("a"),
    page("b"),
    page("tutorial/10-last"),
    page("tutorial/2-next", "Z"),
    page("tutorial/1-first"),
  ];
  const links = sidebarOf(pages, sections)[0]?.items?.map(({ link }) => link);
  deepEqual(links, ["/tutorial/1-first", "/tutorial/2-next", "/tutorial/10-last"]);
});

Deno.test("a page in no section, and a named one that is not there, fail", () => {
  throws(() => sidebarOf([page("a"), page("b"), page("c")], sections), /docs\/c\.md: in no section/);
  throws(() => sidebarOf([page("a")], sections), /docs\/b\.md, a page of How-to, is not there/);
  equal(
    sidebarOf([page("a"), page("b"), page("index"), page("how-to/index"), page("tutorial/README")], sections)
      .length,
    1,
  );
});

Deno.test("every page of the project has its place, and a title", () => {
  const pages = readPages(`${root}/docs`);
  const shown = sidebarOf(pages).flatMap(({ items = [] }) => items);
  deepEqual(shown.filter(({ text }) => text === ""), []);
  equal(new Set(shown.map(({ link }) => link)).size, shown.length);
  const kinds = ["Tutorial", "How-to guides", "Reference", "Explanation"];
  deepEqual(SECTIONS.map(({ title }) => title).filter((title) => kinds.includes(title)), kinds);
});

Deno.test("titles are first headings, without marks of code", () => {
  equal(titleOf("text\n\n# The `spec`\n## More\n", "x.md"), "The spec");
  equal(titleOf("---\nlayout: home\n---\n", "index.md"), "");
  throws(() => titleOf("## Only this\n", "x.md"), /docs\/x\.md has no heading of the first level/);
});
