import assert from "node:assert/strict";
import { startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { addTemplate, addVersion } from "../../../tests/fake-coder/mod.ts";
import { newFile, writeTar } from "../../archive/mod.ts";
import { bytesOf } from "../../archive/mod.ts";
import { toolRig, unfenced } from "../testing.ts";
import { diffTemplateVersions } from "./template_diff.ts";
import { codersOf, FakeTemplates, templateOf } from "./template_testing.ts";
import { getTemplateVersionLog, listTemplateVersions, logTextOf } from "./template_versions.ts";

const KEY = { namespace: "lab", name: "acme.docker" };

type Files = Readonly<Record<string, string | Uint8Array>>;

/** A template with a version of each set of files, the last of them active. */
async function startRig(sets: readonly Files[]) {
  const rig = await startClientRig();
  const { state } = rig.fake;
  const record = addTemplate(state, "docker");
  const ids: string[] = [];
  for (const [index, files] of sets.entries()) {
    const entries = Object.entries(files).map(([path, content]) => newFile(path, content));
    const id = addVersion(state, record, await bytesOf(writeTar(entries)));
    ids.push(id);
    Object.assign(versionOf(id), {
      name: `v${index + 1}`,
      created_at: `2026-01-0${index + 1}T00:00:00Z`,
      created_by: { username: "ann" },
    });
  }
  function versionOf(id: string) {
    return state.templateVersions.find((one) => one["id"] === id)!;
  }
  const template = templateOf({ uid: record.id, spec: { versionID: ids.at(-1)! } });
  const coders = codersOf(rig.client);
  const tools = toolRig({ cluster: new FakeTemplates([template]).cluster, coders });
  return { ...tools, rig, ids, versionOf, coders, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

const filesIn = (output: Record<string, unknown>) => output["files"] as Record<string, unknown>[];

Deno.test("versions are listed newest first, with who made them, and what is wrong with them", async () => {
  await using rig = await startRig([{}, {}, {}]);
  const [first, second, third] = rig.ids as [string, string, string];
  rig.versionOf(second)["job"] = {
    ...rig.versionOf(second)["job"] as object,
    status: "failed",
    error: "no provider",
  };
  rig.versionOf(first)["archived"] = true;
  rig.versionOf(third)["message"] = "x".repeat(1_000);
  const { output, text } = await rig.run(listTemplateVersions, KEY);
  const items = output["items"] as Record<string, unknown>[];
  assert.deepEqual(
    items.map(({ id, name, state, active, by, error }) => [id, name, state, active, by, error]),
    [
      [third, "v3", "succeeded", true, "ann", undefined],
      [second, "v2", "failed", undefined, "ann", "no provider"],
    ],
  );
  assert.equal(items[0]?.["createdAt"], "2026-01-03T00:00:00Z");
  assert.ok(String(items[0]?.["message"]).length <= 300 && text.includes("no provider"));
  assert.doesNotMatch(unfenced(text), /no provider|xxx/);
  assert.match(unfenced(text), /\| v2 \| failed \|/);
  const all = (await rig.run(listTemplateVersions, { ...KEY, archived: true })).output["items"];
  assert.deepEqual((all as Record<string, unknown>[]).map(({ state }) => state), [
    "succeeded",
    "failed",
    "archived",
  ]);
  assert.deepEqual(rig.coders.opened, ["lab/main get", "lab/main get"]);
});

Deno.test("many versions come in pages", async () => {
  await using rig = await startRig([{}, {}, {}]);
  const first = (await rig.run(listTemplateVersions, { ...KEY, limit: 2 })).output;
  const rest = (await rig.run(listTemplateVersions, { ...KEY, cursor: first["nextCursor"] })).output;
  const names = [first, rest].map(({ items }) => (items as { name: string }[]).map(({ name }) => name));
  assert.deepEqual(names, [["v3", "v2"], ["v1"]]);
});

Deno.test("two versions are compared file by file, as data of others", async () => {
  await using rig = await startRig([
    {
      "main.tf": "one\n",
      "gone.md": "bye\n",
      "logo.png": new Uint8Array([0x89, 0xff]),
      "same.bin": new Uint8Array([0xff]),
    },
    {
      "main.tf": "two\n",
      "new.md": "hi\n",
      "logo.png": new Uint8Array([0x89, 0xfe]),
      "same.bin": new Uint8Array([0xff]),
    },
  ]);
  const { output, text } = await rig.run(diffTemplateVersions, KEY);
  assert.deepEqual([output["from"], output["to"]], [
    { id: rig.ids[0], name: "v1" },
    { id: rig.ids[1], name: "v2" },
  ]);
  assert.deepEqual(
    filesIn(output).map(({ path, change, opaque, added, removed }) => [path, change, opaque, added, removed]),
    [
      ["gone.md", "removed", undefined, 0, 1],
      ["logo.png", "changed", true, undefined, undefined],
      ["main.tf", "changed", undefined, 1, 1],
      ["new.md", "added", undefined, 1, 0],
    ],
  );
  assert.match(text, /Untrusted data, what differs in files of a template/);
  assert.match(
    text,
    /logo\.png \(changed, no text\)\nmain\.tf \(changed, \+1 -1\)\n@@ -1,1 \+1,1 @@\n-one\n\+two/,
  );
});

Deno.test("one file is compared alone, and what does not differ is told", async () => {
  await using rig = await startRig([{ a: "1\n", b: "1\n" }, { a: "2\n", b: "1\n" }]);
  const alone = await rig.run(diffTemplateVersions, { ...KEY, path: "a" });
  assert.deepEqual(filesIn(alone.output).map(({ path }) => path), ["a"]);
  assert.match(
    (await rig.run(diffTemplateVersions, { ...KEY, path: "b" })).text,
    /files: none differ\nNote: b is the same in both/,
  );
  assert.match((await rig.run(diffTemplateVersions, { ...KEY, path: "c" })).text, /Neither has a file c/);
  const back = await rig.run(diffTemplateVersions, { ...KEY, from: "active", to: "v1" });
  assert.match(back.text, /-2\n\+1/);
});

Deno.test("long diffs are cut, and come in pages; files are asked for once", async () => {
  const many = (mark: string) =>
    Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`f${index}.tf`, `${mark}${"x".repeat(9_000)}\n`]),
    );
  await using rig = await startRig([many("a"), many("b")]);
  const paths: unknown[] = [];
  let cursor: unknown;
  for (let page = 0; page < 12; page++) {
    const { output, text } = await rig.run(diffTemplateVersions, {
      ...KEY,
      ...(cursor === undefined ? {} : { cursor }),
    });
    assert.ok(text.length < 20_000, `${text.length}`);
    assert.ok(filesIn(output).every(({ truncated }) => truncated === true));
    assert.match(text, /Long diffs are cut: ask with path/);
    paths.push(...filesIn(output).map(({ path }) => path));
    cursor = output["nextCursor"];
    if (cursor === undefined) break;
  }
  assert.equal(new Set(paths).size, 12);
  const asked = rig.rig.fake.requests.filter(({ path }) => path.startsWith("/api/v2/files/"));
  assert.equal(asked.length, 2);
  const alone = await rig.run(diffTemplateVersions, { ...KEY, path: "f1.tf" });
  assert.equal(filesIn(alone.output)[0]?.["truncated"], undefined);
});

Deno.test("versions that are not there are told with those that are", async () => {
  await using rig = await startRig([{}, {}]);
  const error = await rig.refuses(diffTemplateVersions, { ...KEY, from: "v9" });
  assert.equal(error.code, "not_found");
  assert.match(error.message, /acme\.docker has no version "v9"; the newest are: v2, v1/);
  const first = await rig.refuses(diffTemplateVersions, { ...KEY, to: "v1" });
  assert.match(first.message, /no good version is older than v1: give from/);
});

Deno.test("an archive that cannot be read is the version's fault", async () => {
  await using rig = await startRig([{ a: "1" }, { a: "2" }]);
  const file = (rig.versionOf(rig.ids[0]!)["job"] as { file_id: string }).file_id;
  rig.rig.fake.state.files.set(file, new TextEncoder().encode("no archive".repeat(200)));
  const error = await rig.refuses(diffTemplateVersions, KEY);
  assert.equal(error.code, "invalid");
  assert.match(error.message, /the files of version v1 cannot be read: /);
});

Deno.test("the log of an import has headings, its end, and what was looked for", async () => {
  await using rig = await startRig([{}, {}]);
  const id = rig.ids[1]!;
  const line = (id: number, stage: string, output: string, log_level = "info") => ({
    id,
    created_at: "2026-01-01T00:00:00Z",
    log_level,
    log_source: "provisioner",
    stage,
    output,
  });
  rig.rig.fake.state.logs.set(id, [
    line(1, "Setting up", ""),
    line(2, "Planning", "Initializing\r\nprovider\n"),
    line(3, "Planning", "no such thing", "error"),
  ]);
  const { output, text } = await rig.run(getTemplateVersionLog, KEY);
  assert.equal(output["log"], "==> Setting up\n==> Planning\nInitializing\nprovider\n[error] no such thing");
  assert.deepEqual([output["version"], output["state"]], ["v2", "succeeded"]);
  assert.match(text, /^version v2: succeeded\nUntrusted data, log of the import of acme\.docker/);
  const found = await rig.run(getTemplateVersionLog, { ...KEY, version: id, grep: "SUCH" });
  assert.equal(found.output["log"], "[error] no such thing");
  const end = await rig.run(getTemplateVersionLog, { ...KEY, tailLines: 1 });
  assert.deepEqual([end.output["log"], end.output["truncated"]], ["[error] no such thing", true]);
  assert.match(end.text, /Older lines are left out \(5 in all\)/);
  assert.match((await rig.run(getTemplateVersionLog, { ...KEY, grep: "zzz" })).text, /No line has this text/);
  assert.match(
    (await rig.run(getTemplateVersionLog, { ...KEY, version: "v1" })).text,
    /Nothing was written yet/,
  );
});

Deno.test("a log without lines is no text", () => {
  assert.equal(logTextOf([]), "");
});

Deno.test("a Coder that is away is told at once", async () => {
  await using rig = await startRig([{}]);
  await rig.rig.fake[Symbol.asyncDispose]();
  const since = performance.now();
  const error = await rig.refuses(listTemplateVersions, KEY);
  assert.equal(error.code, "unavailable");
  assert.match(error.message, /^list versions of lab\/main: /);
  assert.ok(performance.now() - since < 15_000);
});
