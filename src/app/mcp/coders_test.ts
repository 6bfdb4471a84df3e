import assert from "node:assert/strict";
import { backendOf, backendsOf, callerOf, clusterOf } from "../../../tests/mcp/coder_rig.ts";
import { startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { openAsOf } from "../../aggregated/resources/coder_as.ts";
import type { Backend } from "../../inventory/mod.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { Redactor } from "../../telemetry/redactor.ts";
import { mcpCoders } from "./coders.ts";

const NEED = { verb: "get", group: "aggregation.coder.com", resource: "coderworkspaces" };

async function setUp(mcpNamespaces: readonly string[] = []) {
  const rig = await startClientRig();
  rig.fake.state.addUser({ username: "ann", roles: [] });
  const redactor = new Redactor();
  const config = { coderUserMapping: "username", coderUserPrefix: "oidc:", mcpNamespaces } as never;
  const backend = backendOf("lab/acme", () => Promise.resolve(rig.client));
  const coders = mcpCoders({ config, redactor, log: silentLogger, metrics: noMetrics }, backendsOf(backend));
  return { rig, coders, backend, redactor };
}

Deno.test("callers are users of Coder by the rule of the process, and what they get is theirs until the end", async () => {
  const { rig, coders, redactor } = await setUp();
  await using _ = rig;
  const { cluster } = clusterOf(() => true);
  const end = new AbortController();
  const running = coders.runnable.run(end.signal);
  const signal = AbortSignal.timeout(60_000);
  const ann = coders.codersFor(callerOf("oidc:ann"), cluster);
  const session = await ann.open({ namespace: "lab" }, NEED, signal);
  assert.deepEqual([session.as, session.user], ["caller", "ann"]);
  const { client } = session;
  assert.equal((await client.users.me()).username, "ann");
  const [key] = [...rig.fake.state.keys.values()].filter(({ token_name }) =>
    token_name.startsWith("coder-k8s-mcp-")
  );
  const token = `${key!.id}-${key!.secret}`;
  assert.equal(redactor.text(`it is ${token}.`), "it is [redacted].");
  const other = await coders.codersFor(callerOf("ann"), cluster).open({ namespace: "lab" }, NEED, signal);
  assert.equal(other.as, "operator");
  end.abort();
  await running;
  await coders.flush.run();
  assert.equal(rig.fake.state.keys.has(key!.id), false);
});

Deno.test("what a request carries makes its changes those of the caller", async () => {
  const { rig, coders, backend } = await setUp();
  await using _ = rig;
  const carries = coders.carriesFor({ name: "oidc:ann", groups: [], extra: {} });
  const client = await openAsOf({ carries }, backend as unknown as Backend)!(AbortSignal.timeout(60_000));
  assert.equal((await client?.users.me())?.username, "ann");
  await coders.flush.run();
});

Deno.test("only the namespaces that were named are served", async () => {
  const { rig, coders } = await setUp(["other"]);
  await using _ = rig;
  const { cluster } = clusterOf(() => true);
  const own = coders.codersFor(callerOf("oidc:ann"), cluster);
  assert.deepEqual(await own.list(undefined, AbortSignal.timeout(60_000)), []);
  await assert.rejects(
    own.open({ namespace: "lab" }, NEED, AbortSignal.timeout(60_000)),
    /is not served here/,
  );
  await coders.flush.run();
});
