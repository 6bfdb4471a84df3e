import assert from "node:assert/strict";
import { openTestHost, PATIENCE_MS, run } from "./testing.ts";

/** Pythons of this machine from 3.8 on: the one of PATH, and what pyenv has. */
async function interpreters(): Promise<string[]> {
  const found = ["python3", "/usr/bin/python3"];
  const versions = `${Deno.env.get("PYENV_ROOT") ?? `${Deno.env.get("HOME")}/.pyenv`}/versions`;
  try {
    for await (const { name } of Deno.readDir(versions)) {
      const [major, minor] = name.split(".").map(Number);
      if (major === 3 && minor! >= 8) found.push(`${versions}/${name}/bin/python3`);
    }
  } catch (error) {
    // There is no pyenv.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}

for (const python of await interpreters()) {
  Deno.test(`sandboxes run on ${python}`, async () => {
    await using rig = await openTestHost({ python, idleMs: 50 });
    assert.equal(rig.host.report.isolation, "full", rig.log.join("\n"));
    const sandbox = await rig.open();
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const version = await run(sandbox, ["python3", "-c", "import sys; print(sys.version_info[:2])"]);
    assert.match(version.stdout, /^\(3, \d+\)\n$/);
    const bytes = new Uint8Array(100_000).fill(7);
    await sandbox.file("write", { path: "a/file", mode: "replace" }, bytes, signal);
    assert.deepEqual(
      (await sandbox.file("read", { path: "a/file", offset: 0, length: 200_000 }, undefined, signal)).body,
      bytes,
    );
    const found = await sandbox.file(
      "search",
      { query: "x", path: ".", regex: false, ignoreCase: false, context: 0, limit: 5 },
      undefined,
      signal,
    );
    assert.deepEqual(found.output["matches"], []);
    await rig.host.remove("sess-a", signal);
    assert.deepEqual(rig.log.filter((line) => line.startsWith("the sandbox launcher says")), []);
  });
}

Deno.test("sessions have the node that the worker has", async () => {
  await using rig = await openTestHost();
  const ran = await run(await rig.open(), ["node", "-e", "console.log([1,2].map((x) => x * 2).join())"]);
  assert.equal(ran.stdout, "2,4\n", ran.stderr);
});
