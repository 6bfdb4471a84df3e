import assert from "node:assert/strict";
import { openTestHost, run, type TestHostOptions } from "./testing.ts";

/** A `python3` that is started with `prefix` before it. */
async function startedWith(prefix: string): Promise<AsyncDisposable & { python: string }> {
  const directory = await Deno.makeTempDir({ prefix: "sandbox-python-" });
  const python = `${directory}/python`;
  await Deno.writeTextFile(python, `#!/bin/sh\nexec ${prefix} python3 "$@"\n`);
  await Deno.chmod(python, 0o755);
  return { python, [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
}

async function works(options: TestHostOptions): Promise<void> {
  await using rig = await openTestHost(options);
  assert.equal((await run(await rig.open(), "echo hello")).stdout, "hello\n", rig.log.join("\n"));
}

Deno.test("root of the machine is refused where it was not meant, and told what to do", async () => {
  const without = { code: "unavailable", message: /root of its node.*hostUsers: false.*--allow-node-root/ };
  await assert.rejects(() => openTestHost({ refusesNodeRoot: true }), without);
  // Nothing was made yet, and the same directory does where it is meant.
  await works({ refusesNodeRoot: false });
});

Deno.test("root of a user namespace is nobody on the machine", async () => {
  await using one = await startedWith("unshare --user --map-root-user");
  await works({ refusesNodeRoot: true, python: one.python });
});

Deno.test("root without the right to make namespaces has few rights on the machine", async () => {
  await using one = await startedWith("setpriv --bounding-set -sys_admin");
  await works({ refusesNodeRoot: true, python: one.python, allowUnisolated: true });
});

Deno.test("who is not root is not root of the machine", () =>
  works({ refusesNodeRoot: true, unprivileged: true }));
