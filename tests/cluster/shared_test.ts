import assert from "node:assert/strict";
import { join } from "node:path";
import { Cluster, SHARED_CLUSTER_VARIABLE, sharedCluster, startCluster, withSharedCluster } from "./mod.ts";
import { exists } from "./paths.ts";

const CONFIG = join(import.meta.dirname ?? ".", "..", "..", "deno.json");
const MODULE = JSON.stringify(join(import.meta.dirname ?? ".", "mod.ts"));

/** Runs a script in a Deno of its own; what it printed. */
async function deno(
  subcommand: string[],
  files: Record<string, string>,
  env: Record<string, string>,
): Promise<string> {
  const dir = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(dir, name), text);
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      ...subcommand,
      "-A",
      "--no-check",
      "--config",
      CONFIG,
      ...Object.keys(files).map((name) => join(dir, name)),
    ],
    env: { [SHARED_CLUSTER_VARIABLE]: "", NO_COLOR: "1", ...env },
  });
  const { stdout, stderr, success } = await command.output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  await Deno.remove(dir, { recursive: true });
  assert.ok(success, text);
  return text;
}

Deno.test("in one process the shared cluster is always the same one", async () => {
  const cluster = await sharedCluster();
  assert.equal(await sharedCluster(), cluster);
  await cluster.dispose();
  assert.equal((await cluster.running()).length, 5);
});

Deno.test("withSharedCluster names its cluster to child processes, and ends it", async () => {
  const before = Deno.env.get(SHARED_CLUSTER_VARIABLE);
  Deno.env.delete(SHARED_CLUSTER_VARIABLE);
  let dir = "";
  try {
    await withSharedCluster(async (cluster) => {
      dir = cluster.dir;
      const statePath = Deno.env.get(SHARED_CLUSTER_VARIABLE) ?? "";
      const script =
        `import { sharedCluster } from ${MODULE}; console.log("dir=" + (await sharedCluster()).dir);`;
      const said = await deno(["run"], { "child.ts": script }, { [SHARED_CLUSTER_VARIABLE]: statePath });
      assert.match(said, new RegExp(`dir=${dir}`));
      // Inside, another call uses what is there and leaves it running.
      await withSharedCluster((inner) => Promise.resolve(assert.equal(inner.dir, dir)));
      assert.equal((await cluster.running()).length, 5);
      assert.equal(Deno.env.get(SHARED_CLUSTER_VARIABLE), statePath);
    });
    assert.equal(Deno.env.get(SHARED_CLUSTER_VARIABLE), undefined);
    assert.equal(await exists(dir), false);
  } finally {
    if (before !== undefined) Deno.env.set(SHARED_CLUSTER_VARIABLE, before);
  }
});

Deno.test("test files of one run, in parallel too, start one cluster and end it, with all sanitizers on", async () => {
  const file = `import { sharedCluster } from ${MODULE};
Deno.test({ name: "uses it", sanitizeOps: true, sanitizeResources: true, sanitizeExit: true }, async () => {
  const cluster = await sharedCluster();
  await cluster.newNamespace();
  await cluster.kubectl(["get", "nodes"]);
  await using rig = await cluster.newFaults();
  const target = { host: "127.0.0.1", port: Number(new URL(rig.url).port), caPem: cluster.caPem };
  const { restRequest } = await import(${MODULE});
  await restRequest({ ...target, credentials: { token: await cluster.serviceAccountToken({ namespace: "default", name: "default" }) } }, "GET", "/version");
  await cluster.audit.mark();
  console.log("dir=" + cluster.dir);
});`;
  const said = await deno(["test", "--parallel"], { "a_test.ts": file, "b_test.ts": file }, {});
  const dirs = [...said.matchAll(/dir=(\S+)/g)].map((found) => found[1] ?? "");
  assert.equal(dirs.length, 2, said);
  assert.equal(new Set(dirs).size, 1);
  const { waitFor } = await import("./mod.ts");
  await waitFor(async () => !(await exists(dirs[0] ?? "")), { what: "the cluster to end with the run" });
});

Deno.test("a state file that is none is refused", async () => {
  const path = await Deno.makeTempFile();
  for (const text of ["{}", "null", '{"version":2,"name":"x","dir":"/x"}']) {
    await Deno.writeTextFile(path, text);
    await assert.rejects(Cluster.open(path), /is not the state of a test cluster/);
  }
  await Deno.remove(path);
});

Deno.test("a cluster that was opened outlives its handle, one that was started does not", async () => {
  const started = await startCluster({ nodes: 1 });
  {
    await using opened = await Cluster.open(started.statePath);
    assert.equal(opened.url, started.url);
  }
  assert.equal((await started.running()).length, 5);
  await started.dispose();
  assert.equal(await exists(started.dir), false);
});
