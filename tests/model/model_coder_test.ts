/** The Coder without sockets answers as the fake server with sockets does: the same client sees no difference. */
import assert from "node:assert/strict";
import { type CoderClient, CoderError, createCoderClient } from "../../src/coder/mod.ts";
import { startClientRig } from "../fake-coder/client_rig.ts";
import { addOrganization } from "../fake-coder/mod.ts";
import { refuse } from "../fake-coder/reply.ts";
import type { FakeState } from "../fake-coder/state.ts";
import { ModelCoder } from "./model_coder.ts";
import { ProcessClock, settle, START_MS, VirtualClock } from "./virtual_clock.ts";
import { Wire } from "./wire.ts";

/** A client whose requests are delivered at once. */
function rig() {
  const clock = new VirtualClock();
  const wire = new Wire(clock, () => false);
  const coder = new ModelCoder("a", clock);
  const from = { name: "operator-1", clock: new ProcessClock(clock), isDead: false };
  const transport = coder.transport(wire, from, "http://a");
  const client = (token?: string) => createCoderClient({ transport, token, clock: from.clock });
  const carry = async <T>(call: Promise<T>): Promise<T> => {
    call.catch(() => {});
    for (let i = 0; i < 20; i++) {
      await settle();
      for (const request of wire.pending) wire.deliver(request);
    }
    return await call;
  };
  return { clock, wire, coder, client, carry };
}

/** Ids and secrets are of the server's making; times are of its clock. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null)
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<id>")
      .replace(/[0-9a-f]{64}/g, "<secret>").replace(/[0-9A-Za-z]{43}/g, "<key>")
      .replace(/\d{4}-\d\d-\d\dT[0-9:.]+Z/g, "<time>"),
  );
}

/** Every call that the reconcilers of provisioners and proxies make, good ones and bad ones. */
async function script(
  client: CoderClient,
  stranger: CoderClient,
  license: (given: boolean) => void | Promise<void>,
  carry: <T>(call: Promise<T>) => Promise<T>,
): Promise<unknown[]> {
  const seen: unknown[] = [];
  const see = async (call: () => Promise<unknown>) => {
    try {
      seen.push(plain(await carry(call())));
    } catch (error) {
      assert.ok(error instanceof CoderError, String(error));
      const { kind, reason, retryAfterMs } = error;
      seen.push({ kind, reason, retryAfterMs });
    }
  };
  const everything = async () => {
    await see(() => client.system.buildInfo());
    await see(() => client.licenses.entitlements().then(({ features }) => features));
    await see(() => client.organizations.list());
    await see(() => client.provisioners.createKey("eng", { name: "Key", tags: { a: "b" } }));
    await see(() => client.provisioners.createKey("eng", { name: "key" }));
    await see(() => client.provisioners.createKey("no-such", { name: "key" }));
    await see(() => client.provisioners.listKeys("eng"));
    await see(() => client.provisioners.deleteKey("eng", "key"));
    await see(() => client.provisioners.deleteKey("eng", "key"));
    await see(() => client.workspaceProxies.create({ name: "eu", displayName: "", icon: "" }));
    await see(() => client.workspaceProxies.create({ name: "EU", displayName: "", icon: "" }));
    await see(async () => {
      const proxies = await client.workspaceProxies.list();
      const { id = "" } = proxies.find(({ name }) => name === "eu") ?? {};
      return await client.workspaceProxies.update(id, {
        name: "eu",
        displayName: "x",
        icon: "/y",
        regenerateToken: true,
      });
    });
    await see(() => client.workspaceProxies.checkToken("garbage"));
    await see(async () => {
      const proxies = await client.workspaceProxies.list();
      const { id = "" } = proxies.find(({ name }) => name === "eu") ?? {};
      return [await client.workspaceProxies.delete(id), await client.workspaceProxies.delete(id)];
    });
    await see(() => client.workspaceProxies.list());
    await see(() => stranger.provisioners.listKeys("eng"));
    await see(() =>
      client.users.authCheck({
        p: { action: "read", object: { resource_type: "workspace_proxy" } },
      })
    );
  };
  await license(true);
  await everything();
  await license(false);
  await everything();
  return seen;
}

Deno.test("a client sees no difference between the fake with sockets and the one without", async () => {
  const model = rig();
  const { state } = model.coder;
  addOrganization(state, "eng");
  const owner = state.addOwner();
  const withoutSockets = await script(
    model.client(owner.token),
    model.client("aaaaaaaaaa-aaaaaaaaaaaaaaaaaaaaaa"),
    (given) => model.coder.license(given),
    model.carry,
  );
  assert.deepEqual(model.coder.violations, []);

  await using real = await startClientRig({ rateLimit: -1, budget: { perMinute: 1e9, burst: 1e9 } });
  addOrganization(real.fake.state, "eng");
  const withSockets = await script(
    real.client,
    real.clientWith("aaaaaaaaaa-aaaaaaaaaaaaaaaaaaaaaa"),
    (given) => licensed(real.fake.state, given),
    (call) => call,
  );
  assert.equal(withoutSockets.length, 34);
  assert.deepEqual(withoutSockets, withSockets);
});

function licensed(state: FakeState, given: boolean): void {
  const other = new ModelCoder("x", new VirtualClock());
  other.license(given);
  state.licenses.splice(0, Infinity, ...other.state.licenses);
}

Deno.test("faults answer in place of Coder, before the deed or after it", async () => {
  const { coder, client, carry } = rig();
  coder.license(true);
  const { provisioners } = client(coder.state.addOwner().token);
  const create = (name: string) => carry(provisioners.createKey("default", { name }));
  coder.faults.push({ answer: refuse(429, "slow down", { headers: { "Retry-After": "7" } }) });
  await assert.rejects(
    create("one"),
    (error: CoderError) => error.kind === "rateLimited" && error.retryAfterMs === 7_000,
  );
  assert.equal(coder.state.provisionerKeys.length, 0);
  assert.equal(coder.calls[0]?.status, 429);
});

Deno.test("an answer of something in front of Coder is told from Coder's own, and the deed was done", async () => {
  const { coder, client, carry } = rig();
  coder.license(true);
  const { provisioners } = client(coder.state.addOwner().token);
  coder.faults.push({ instead: { status: 502, text: "<html>" }, foreign: true });
  await assert.rejects(
    carry(provisioners.createKey("default", { name: "one" })),
    (error: CoderError) => error.kind === "unavailable" && error.reason === "notCoder",
  );
  assert.equal(coder.state.provisionerKeys.length, 1);
});

Deno.test("a Coder that is away refuses connections, and its clock is that of the model", async () => {
  const { clock, coder, client, carry } = rig();
  coder.up = false;
  await assert.rejects(
    carry(client().system.buildInfo()),
    (error: CoderError) => error.reason === "connectionRefused",
  );
  coder.up = true;
  clock.step(START_MS + 5_000);
  assert.equal(coder.state.time(), "2026-01-01T00:00:05.000Z");
  assert.ok((await carry(client().system.buildInfo())).version.startsWith("v2."));
});
