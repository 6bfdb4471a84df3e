import assert from "node:assert/strict";
import { join } from "node:path";
import { waitFor } from "../cluster/mod.ts";
import { exists } from "../cluster/paths.ts";
import { Coderd, SHARED_CODERD_VARIABLE, sharedCoderd, withSharedCoderd } from "./mod.ts";
import { withDir } from "./testing_dir.ts";

const MODULE = JSON.stringify(join(import.meta.dirname ?? ".", "mod.ts"));
const CONFIG = join(import.meta.dirname ?? ".", "..", "..", "deno.json");

/** Runs scripts in a Deno of its own; what it printed. */
function deno(subcommand: string[], files: Record<string, string>, given: string): Promise<string> {
  let text = "";
  return withDir(async (dir) => {
    const paths = Object.keys(files).map((name) => join(dir, name));
    for (const [name, content] of Object.entries(files)) await Deno.writeTextFile(join(dir, name), content);
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: [...subcommand, "-A", "--no-check", "--config", CONFIG, ...paths],
      env: { [SHARED_CODERD_VARIABLE]: given, NO_COLOR: "1" },
    }).output();
    text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.ok(success, text);
  }).then(() => text);
}

Deno.test("in one process the shared coderd is always the same one, and disposing of it ends nothing", async () => {
  const coderd = await sharedCoderd();
  assert.equal(await sharedCoderd(), coderd);
  await coderd.dispose();
  assert.equal(await coderd.request("GET", "/healthz"), "OK");
});

Deno.test("a coderd that the environment names is used, in a child process too, and left running", async () => {
  const before = Deno.env.get(SHARED_CODERD_VARIABLE);
  const shared = await sharedCoderd();
  Deno.env.set(SHARED_CODERD_VARIABLE, shared.statePath);
  try {
    const script =
      `import { sharedCoderd } from ${MODULE}; console.log("dir=" + (await sharedCoderd()).dir);`;
    const said = await withSharedCoderd((coderd) => deno(["run"], { "child.ts": script }, coderd.statePath));
    assert.match(said, new RegExp(`dir=${shared.dir}\n`));
    assert.equal(Deno.env.get(SHARED_CODERD_VARIABLE), shared.statePath);
    assert.equal(await shared.request("GET", "/healthz"), "OK");
  } finally {
    if (before === undefined) Deno.env.delete(SHARED_CODERD_VARIABLE);
    else Deno.env.set(SHARED_CODERD_VARIABLE, before);
  }
});

Deno.test("without one, withSharedCoderd starts one, names it and ends it", async () => {
  const before = Deno.env.get(SHARED_CODERD_VARIABLE);
  Deno.env.delete(SHARED_CODERD_VARIABLE);
  try {
    const dirs = await withSharedCoderd((coderd) => {
      assert.equal(Deno.env.get(SHARED_CODERD_VARIABLE), coderd.statePath);
      return Promise.resolve([coderd.dir, coderd.postgres.dir]);
    });
    assert.equal(Deno.env.get(SHARED_CODERD_VARIABLE), undefined);
    for (const dir of dirs) assert.equal(await exists(dir), false);
  } finally {
    if (before !== undefined) Deno.env.set(SHARED_CODERD_VARIABLE, before);
  }
});

Deno.test("test files of one run, in parallel too, start one coderd and end it, with all sanitizers on", async () => {
  const file = `import { sharedCoderd } from ${MODULE};
Deno.test({ name: "uses it", sanitizeOps: true, sanitizeResources: true, sanitizeExit: true }, async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  await coderd.request("GET", "/api/v2/users/me", { token });
  await coderd.sql("select 1");
  console.log("dirs=" + coderd.dir + "," + coderd.postgres.dir);
});`;
  const said = await deno(["test", "--parallel"], { "a_test.ts": file, "b_test.ts": file }, "");
  const dirs = [...said.matchAll(/dirs=(\S+)/g)].map((found) => found[1] ?? "");
  assert.equal(dirs.length, 2, said);
  assert.equal(new Set(dirs).size, 1);
  for (const dir of (dirs[0] ?? "").split(",")) {
    await waitFor(async () => !(await exists(dir)), { what: `${dir} to go with the run` });
  }
});

Deno.test("a state file that is none is refused", () =>
  withDir(async (dir) => {
    const path = join(dir, "coderd.json");
    for (const text of ["{}", "null", '{"version":2,"dir":"/x"}', '{"version":1,"dir":"/x","postgres":{}}']) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(Coderd.open(path), /is not the state of a test coderd/);
    }
  }));
