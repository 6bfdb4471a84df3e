/** The page of versions, what `check` compares with, and what the matrix has, say the same. */
import assert from "node:assert/strict";
import { FIRST_MINOR, TESTED_CODER_MINORS, TESTED_MINORS } from "../../src/install/check/versions.ts";
import { moduleVersion } from "../cluster/tool_list.ts";
import { PLATFORMS, versionOf } from "./platforms.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const read = (path: string) => Deno.readTextFile(`${root}/${path}`);

/** Rows of a table below a heading, by their first cell. */
async function rowsOf(heading: string): Promise<Map<string, string[]>> {
  const page = await read("docs/reference/versions.md");
  const section = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|")).slice(2)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  return new Map(rows.map(([first = "", ...rest]) => [first, rest]));
}

for (
  const [heading, of, tools, module, major, minors] of [
    ["Kubernetes", "kubernetes", "tests/cluster/tools/go.mod", "k8s.io/kubernetes", 1, TESTED_MINORS],
    ["Coder", "coder", "tests/coder/tools/go.mod", "github.com/coder/coder/v2", 2, TESTED_CODER_MINORS],
  ] as const
) {
  Deno.test(`versions of ${heading}: the page, check and the tests agree`, async () => {
    const rows = await rowsOf(heading);
    const everyDay = moduleVersion(await read(tools), module).slice(1);
    const tested = new Map([[everyDay, "every run of the tests"]]);
    for (const platform of PLATFORMS.filter((each) => each.of === of)) {
      const version = versionOf(platform, await read(`tests/matrix/${platform.name}/go.mod`));
      tested.set(version, `\`deno task matrix ${platform.name}\``);
    }
    for (const [version, how] of tested) {
      const [said, ...rest] = rows.get(version.replace(/\.\d+$/, "")) ?? [];
      assert.deepEqual(rest, [how]);
      assert.ok(said === version || (said === "not yet" && version !== everyDay), `${version} is ${said}`);
    }
    const claimed = [...rows].filter(([, [version]]) => version !== "no" && version !== "not yet")
      .map(([minor]) => minor);
    assert.deepEqual(claimed.toSorted(), minors.map((minor) => `${major}.${minor}`).toSorted());
  });
}

Deno.test("the first version of Kubernetes is that of the page", async () => {
  const rows = await rowsOf("Kubernetes");
  assert.ok([...rows.keys()].some((minors) => minors.startsWith(`1.${FIRST_MINOR} to`)));
});
