import assert from "node:assert/strict";
import { RULES } from "../../../src/diagnosis/mod.ts";
import type { Rule } from "../../../src/diagnosis/types.ts";
import { anchor, GROUPS, troubleshootingFiles, troubleshootingPage } from "./rules.ts";

const rule: Rule = {
  id: "full-node",
  subjects: ["workspace", "controlplane", "proxy"],
  needs: [],
  depth: 80,
  docs: {
    title: "A node's memory is full",
    symptom: "Pods <wait>.",
    cause: "It has none left.",
    evidence: "The condition `MemoryPressure=<True>`.",
    remedy: "Add a node.",
  },
  find: () => [],
};

Deno.test("each rule has a heading with what is seen, behind it, said and to be done", () => {
  const page = troubleshootingPage([{ title: "Nodes", about: "All of them.", rules: [rule] }]);
  assert.ok(
    page.endsWith(
      [
        "## Contents",
        "",
        "- [Nodes](#nodes)",
        "  - [A node's memory is full](#a-nodes-memory-is-full)",
        "",
        "## By what you see",
        "",
        "**Nodes**",
        "",
        "| What you see | What it may be |",
        "| --- | --- |",
        "| Pods &lt;wait>. | [A node's memory is full](#a-nodes-memory-is-full) |",
        "",
        "## Nodes",
        "",
        "All of them.",
        "",
        "### A node's memory is full",
        "",
        "- **What you see:** Pods &lt;wait>.",
        "- **What is behind it:** It has none left.",
        "- **What proves it:** The condition `MemoryPressure=<True>`.",
        "- **What to do:** Add a node.",
        "- Rule `full-node`, for workspaces, control planes and workspace proxies.",
        "",
      ].join("\n"),
    ),
    page,
  );
});

Deno.test("what is seen is listed once, with every cause that it may have", () => {
  const other = { ...rule, id: "gone", docs: { ...rule.docs, title: "It is | gone" } };
  const page = troubleshootingPage([{ title: "Nodes", about: "", rules: [rule, other] }]);
  const rows = page.split("\n").filter((line) => line.startsWith("| Pods"));
  assert.deepEqual(rows, [
    "| Pods &lt;wait>. | [A node's memory is full](#a-nodes-memory-is-full); " +
    `[It is \\| gone](#${anchor("It is | gone")}) |`,
  ]);
});

Deno.test("a group without rules is left out", () => {
  assert.doesNotMatch(troubleshootingPage([{ title: "Empty", about: "", rules: [] }]), /Empty/);
});

Deno.test("the page that is kept has every rule once, under a heading of its own that its link finds", async () => {
  const [file] = await troubleshootingFiles();
  assert.equal(file?.path, "docs/troubleshooting.md");
  const page = file!.content;
  assert.deepEqual(
    GROUPS.flatMap(({ rules }) => rules.map(({ id }) => id)).sort(),
    RULES.map(({ id }) => id).sort(),
  );
  for (const { id } of RULES) assert.equal(page.split(`- Rule \`${id}\`,`).length, 2, id);
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title]) => anchor(title ?? ""));
  assert.deepEqual(headings, [...new Set(headings)], "two headings have one anchor");
  for (const [, link = ""] of page.matchAll(/\]\(#([^)]+)\)/g)) assert.ok(headings.includes(link), link);
});

Deno.test("what rules say of themselves is whole sentences", () => {
  for (const { id, docs } of RULES) {
    for (const [part, text] of Object.entries(docs)) {
      if (part === "title") assert.match(text, /^[^a-z\s].{4,90}[^.\s]$/, `${id}: ${part}`);
      else assert.match(text, /^\S[^\n]{5,}[.!?)]$/, `${id}: ${part}: ${text}`);
      assert.ok(text.length < 600, `${id}: ${part}`);
    }
  }
});
