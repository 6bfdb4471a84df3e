import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { PageError, readPage } from "./page.ts";

const read = (...lines: string[]) => readPage("docs/how-to/x.md", lines.join("\n"));
const problems = (...lines: string[]): readonly string[] => {
  try {
    read(...lines);
  } catch (error) {
    if (error instanceof PageError) return error.problems;
    throw error;
  }
  return [];
};

Deno.test("fences of sh are run, in their order; others are shown", () => {
  const page = read(
    "# Title",
    "",
    "```sh",
    "echo 1",
    "",
    "echo 2",
    "```",
    "```text",
    "1",
    "```",
    "",
    "~~~sh",
    "echo 3",
    "~~~",
  );
  deepEqual(page.blocks.map(({ kind, line, text }) => ({ kind, line, text })), [
    { kind: "run", line: 3, text: "echo 1\n\necho 2\n" },
    { kind: "run", line: 12, text: "echo 3\n" },
  ]);
  deepEqual([...page.needs], []);
  deepEqual(page.controlPlanes, ["coder/coder"]);
});

Deno.test("a fence in a list, or with a title, is one, too", () => {
  const page = read(
    "1. Do it:",
    "",
    "   ```sh [npm]",
    "   kubectl apply -f - <<EOF",
    "   a:",
    "     b: 1",
    "   EOF",
    "   ```",
  );
  equal(page.blocks[0]?.text, "kubectl apply -f - <<EOF\na:\n  b: 1\nEOF\n");
});

Deno.test("a fence ends where as many ticks stand, not at fewer or others", () => {
  const page = read("````sh", "cat <<EOF", "```", "~~~~", "EOF", "````");
  equal(page.blocks[0]?.text, "cat <<EOF\n```\n~~~~\nEOF\n");
  deepEqual(problems("```sh", "echo 1"), ["1: this fence has no end"]);
});

Deno.test("markers are of the fence after them, blank lines between", () => {
  const { blocks: [block] } = read(
    "<!-- run: expect /^ok$/ -->",
    "<!-- run: expect 200 -->",
    "",
    "<!-- run: retry 2m -->",
    "<!-- run: timeout 10s -->",
    "",
    "```sh",
    "curl x",
    "```",
  );
  deepEqual(block?.expect.map(({ text }) => text), ["/^ok$/", "200"]);
  equal(block?.retryMs, 120_000);
  equal(block?.timeoutMs, 10_000);
  ok(block?.background === false && block.fails === false);
});

Deno.test("files, skipped blocks, hidden ones and what a page needs", () => {
  const page = read(
    "<!-- run: needs coderd played -->",
    "<!-- run: control-plane eu/coder -->",
    "<!-- run: where v1 is v2 -->",
    "<!-- run: setup",
    "export A=1",
    "-->",
    "Text.",
    "<!-- run: file a/b.yaml -->",
    "```yaml",
    "a: 1",
    "```",
    "<!-- run: skip (needs a cloud) -->",
    "```sh",
    "aws x",
    "```",
    "<!-- run: background -->",
    "```sh",
    "serve",
    "```",
    "<!-- run: teardown",
    "rm -r x",
    "-->",
  );
  deepEqual([...page.needs], ["coderd", "played"]);
  deepEqual(page.controlPlanes, ["eu/coder"]);
  deepEqual(page.where, [{ from: "v1", to: "v2" }]);
  deepEqual(page.blocks.map(({ kind, text }) => [kind, text]), [
    ["setup", "export A=1\n"],
    ["file", "a: 1\n"],
    ["skip", "aws x\n"],
    ["run", "serve\n"],
    ["teardown", "rm -r x\n"],
  ]);
  equal(page.blocks[1]?.name, "a/b.yaml");
  equal(page.blocks[2]?.reason, "needs a cloud");
  equal(page.blocks[3]?.background, true);
});

const FENCE = ["```sh", "true", "```"];

Deno.test("a page without a block that is run fails", () => {
  deepEqual(problems("# Title", "```yaml", "a: 1", "```"), [
    "1: no block of this page is run: it needs at least one fence of `sh` that is",
  ]);
  equal(problems("<!-- run: skip (cloud) -->", ...FENCE).length, 1);
});

Deno.test("other shells, and fences without a language, fail", () => {
  for (const language of ["bash", "console", "shell", "zsh", "shell-session", "powershell"]) {
    deepEqual(problems("```" + language, "x", "```", ...FENCE), [
      `1: write \`sh\` in the place of \`${language}\`: that is what is run`,
    ]);
  }
  deepEqual(problems("```", "x", "```", ...FENCE), [
    "1: name the language of this fence: `sh` is run, `text` is not",
  ]);
});

Deno.test("markers that nothing follows, or that do not fit, fail", () => {
  deepEqual(problems("<!-- run: retry 5s -->", "Text.", ...FENCE), [
    '1: no fence follows the marker "retry"',
  ]);
  deepEqual(problems(...FENCE, "<!-- run: background -->"), ['4: no fence follows the marker "background"']);
  deepEqual(problems("<!-- run: expect x -->", "```yaml", "a: 1", "```", ...FENCE), [
    "2: expect before a fence of yaml, which is not run",
  ]);
  deepEqual(problems("<!-- run: file x -->", ...FENCE, ...FENCE), [
    "2: file belongs before a fence of another language than sh",
  ]);
  deepEqual(problems("<!-- run: skip (x) -->", "<!-- run: expect x -->", ...FENCE, ...FENCE), [
    "3: what is skipped has no other markers",
  ]);
  deepEqual(problems("<!-- run: background -->", "<!-- run: retry 1s -->", ...FENCE), [
    "3: what runs in the background neither fails nor is retried",
  ]);
  deepEqual(problems(...FENCE, "<!-- run: needs helm -->"), ["4: needs belongs before the first block"]);
  deepEqual(problems("<!-- run: nonsense -->", ...FENCE).length, 1);
  deepEqual(problems("Text <!-- run: background -->", ...FENCE), [
    "1: a comment of the runner stands on lines of its own, from <!-- to -->",
  ]);
  deepEqual(problems("<!-- run: needs no-cluster played -->", ...FENCE).length, 1);
  deepEqual(problems("<!-- run: needs no-cluster helm -->", ...FENCE), []);
});

Deno.test("markers in fences are text; comments of others are nobody's", () => {
  deepEqual(problems("```md", "<!-- run: nonsense -->", "```", "<!-- a comment -->", ...FENCE), []);
});

Deno.test("readers of pipes that stop early fail", () => {
  for (
    const command of ["x | head -1", "x | grep -q y", "x |grep -iq y", "x | grep --quiet y", "x | grep -m1 y"]
  ) {
    equal(problems("```sh", command, "```").length, 1, command);
  }
  for (const command of ["x | grep y", "x | tail -1", "grep -q y file", "x | grep -- -q"]) {
    deepEqual(problems("```sh", command, "```"), [], command);
  }
});

Deno.test("all that is wrong is told, with its line", () => {
  throws(() => read("```bash", "x", "```", "<!-- run: skip -->", ...FENCE), (error: PageError) => {
    equal(error.problems.length, 2);
    return error.message.startsWith("docs/how-to/x.md:1: write `sh`") &&
      error.message.includes("\ndocs/how-to/x.md:4: skip");
  });
});
