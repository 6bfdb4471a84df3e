/** Whatever happens to the process that started a cluster, nothing of the cluster stays. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { startCluster, waitFor } from "./mod.ts";
import { exists } from "./paths.ts";
import { processesNaming } from "./processes.ts";

/** Starts a cluster in a process of its own, which then hangs; the cluster's directory once it is up. */
async function harness(dir: string, detached = false): Promise<Deno.ChildProcess> {
  const module = JSON.stringify(join(import.meta.dirname ?? ".", "mod.ts"));
  const config = join(import.meta.dirname ?? ".", "..", "..", "deno.json");
  const script = join(dir, "..", `${crypto.randomUUID()}.ts`);
  await Deno.writeTextFile(
    script,
    `import { startCluster } from ${module};
const cluster = await startCluster({ dir: ${JSON.stringify(dir)}, nodes: 1 });
await Deno.writeTextFile(Deno.args[0], String((await cluster.running()).length));
setInterval(() => {}, 1000);`,
  );
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", config, script, `${dir}.up`],
    stdin: "null",
    detached,
  }).spawn();
}

async function everythingGone(dir: string): Promise<void> {
  await waitFor(async () => !(await exists(dir)), { what: "the directory to go" });
  await waitFor(async () => (await processesNaming(`${dir}/`)).length === 0, { what: "all processes to go" });
}

async function inTemporaryDir(run: (dir: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "coder-k8s-crash-" });
  try {
    await run(join(parent, "cluster"));
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

Deno.test("a process that is killed with SIGKILL leaves nothing, and its directory can be used again", () =>
  inTemporaryDir(async (dir) => {
    const child = await harness(dir);
    await waitFor(() => exists(`${dir}.up`), { what: "the cluster to be up", timeoutMs: 300_000 });
    assert.equal(await Deno.readTextFile(`${dir}.up`), "5");
    assert.ok((await processesNaming(`${dir}/`)).length >= 5);
    child.kill("SIGKILL");
    await child.status;
    await everythingGone(dir);
    await using again = await startCluster({ dir, nodes: 1 });
    assert.equal((await again.running()).length, 5);
  }));

Deno.test("Ctrl-C, which reaches the whole process group, leaves nothing", () =>
  inTemporaryDir(async (dir) => {
    const child = await harness(dir, true);
    await waitFor(() => exists(`${dir}.up`), { what: "the cluster to be up", timeoutMs: 300_000 });
    Deno.kill(-child.pid, "SIGINT");
    assert.equal((await child.status).signal, "SIGINT");
    await everythingGone(dir);
  }));

Deno.test("a process that is killed while its cluster starts leaves nothing", () =>
  inTemporaryDir(async (dir) => {
    const child = await harness(dir);
    await waitFor(() => exists(join(dir, "run", "etcd.pid")), {
      what: "etcd to be started",
      timeoutMs: 300_000,
    });
    child.kill("SIGKILL");
    await child.status;
    await everythingGone(dir);
  }));
