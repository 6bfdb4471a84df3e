/** What the documents at the root quote and name is there. */
import assert from "node:assert/strict";
import { TARGETS } from "../../scripts/lib/build.ts";
import { KREW_FILE } from "../../scripts/release/krew.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const read = (path: string) => Deno.readTextFile(`${root}/${path}`);

Deno.test("CONTRIBUTING.md: every quoted piece stands in the file that is named before it", async () => {
  const text = await read("CONTRIBUTING.md");
  const quoted = [...text.matchAll(/^`([\w./]+)`:\n\n```ts\n([\s\S]*?)\n```$/gm)];
  assert.ok(quoted.length >= 8, `${quoted.length} pieces are quoted`);
  assert.equal([...text.matchAll(/^```ts$/gm)].length, quoted.length, "a piece without its file");
  for (const [, path = "", piece = ""] of quoted) {
    assert.ok((await read(path)).includes(piece), `${path} no longer has:\n${piece}`);
  }
});

Deno.test("tasks and files that the documents name exist", async () => {
  const { tasks } = JSON.parse(await read("deno.json")) as { tasks: Record<string, unknown> };
  for (const path of ["CONTRIBUTING.md", "SECURITY.md", "SUPPORT.md", "docs/releasing.md"]) {
    const text = await read(path);
    for (const [, task = ""] of text.matchAll(/deno(?:@[\d.]+)? task ([a-z][\w:]*)/g)) {
      assert.ok(task in tasks, `${path}: deno task ${task}`);
    }
    const folder = path.includes("/") ? `${path.slice(0, path.lastIndexOf("/"))}/` : "";
    for (const [, link = ""] of text.matchAll(/\]\(((?!https?:)[^)#]+)(?:#[^)]*)?\)/g)) {
      await Deno.stat(`${root}/${folder}${link}`).catch(() => assert.fail(`${path} links to ${link}`));
    }
    for (const [, file = ""] of text.matchAll(/`((?:src|tests|scripts|docs)\/[\w./-]+)`/g)) {
      await Deno.stat(`${root}/${file}`).catch(() => assert.fail(`${path} names ${file}`));
    }
  }
});

Deno.test("the table of a release's files has all that the script makes", async () => {
  const text = await read("docs/releasing.md");
  const make = await read("scripts/release/make.ts");
  const made = [...make.matchAll(/put\(\s*(?:[`"]([^`"]+)[`"]|KREW_FILE)/g)].map(([, name = KREW_FILE]) =>
    name.replaceAll("${version}", "<version>")
  );
  assert.ok(made.length >= 6, made.join(" "));
  for (const name of [...made, "SHA256SUMS", "provenance.intoto.json"]) {
    assert.ok(text.includes(`\`${name}\``), name);
  }
  for (const target of text.matchAll(/--target=(\S+)/g)) {
    assert.ok(TARGETS.some((one) => one === target[1]), target[0]);
  }
});

Deno.test("SECURITY.md verifies archives and images by the names that a release gives them", async () => {
  const text = await read("SECURITY.md");
  const { version } = JSON.parse(await read("deno.json")) as { version: string };
  assert.ok(text.includes(`coder-k8s_${version}_linux_amd64.tar.gz`));
  assert.ok(text.includes(`oci://ghcr.io/coder/coder-k8s:${version}`));
  assert.match(text, /SHA256SUMS/);
});

Deno.test("the CHANGELOG has its form: what is to come, then versions with a day, newest first", async () => {
  const headings = [...(await read("CHANGELOG.md")).matchAll(/^## (.+)$/gm)].map(([, heading = ""]) =>
    heading
  );
  assert.equal(headings[0], "Unreleased");
  for (const heading of headings.slice(1)) assert.match(heading, /^\d+\.\d+\.\d+\S* - \d{4}-\d\d-\d\d$/);
  const days = headings.slice(1).map((heading) => heading.slice(-10));
  assert.deepEqual(days, days.toSorted().toReversed());
  const kinds = [...(await read("CHANGELOG.md")).matchAll(/^### (.+)$/gm)].map(([, kind]) => kind);
  const known = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
  assert.deepEqual(kinds.filter((kind) => !known.includes(kind!)), []);
});
