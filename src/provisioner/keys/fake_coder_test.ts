/** Keys against the fake Coder server, by the real client: its errors must lead where those of the model do. */
import assert from "node:assert/strict";
import { startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { fakeLicense } from "../../../tests/fake-coder/mod.ts";
import { seededRandom } from "../../telemetry/testing/random.ts";
import { secretAnnotations, secretView } from "./hashes.ts";
import { keepKey, type KeyOutcome } from "./keep.ts";
import type { KeyPorts } from "./ports.ts";
import { revokeKeys } from "./revoke.ts";
import type { KeyHome, KeyRecord, KeyWanted } from "./types.ts";

const signal = new AbortController().signal;
const KEYS = "/api/v2/organizations/{organization}/provisionerkeys";
const home: KeyHome = { namespace: "a", name: "coder", deploymentId: "1" };

/** A licensed deployment, and one provisioner in memory. Its clock stands still unless it is told otherwise. */
async function startKeys({ licensed = true, member = false } = {}) {
  let now = Date.parse("2026-01-01T00:00:00Z");
  const clock = { now: () => now, setTimer: () => () => {} };
  const rig = await startClientRig({ bypass: "owners", budget: { clock, perMinute: 1e9, burst: 1e6 } });
  if (licensed) await rig.client.licenses.add(fakeLicense());
  const client = member ? rig.memberClient() : rig.client;
  const wanted: KeyWanted = {
    uid: "uid-1",
    baseName: "prov",
    organization: { name: "coder" },
    tags: { region: "eu" },
    home,
    existingSecret: false,
  };
  let record: KeyRecord = { intents: [], holds: [] };
  let secret: { value?: string; annotations: Record<string, string> } = { annotations: {} };
  const ports: KeyPorts = {
    storedRecord: () => Promise.resolve(record),
    readSecret: () => Promise.resolve(secretView(secret.value, secret.annotations)),
    writeSecret: ({ name, value }) => {
      secret = { value, annotations: secretAnnotations(name, value) };
      return Promise.resolve();
    },
    coder: () => Promise.resolve({ way: "open", keys: client.provisioners, deploymentId: "1" }),
  };
  const random = seededRandom(1);
  const keys = {
    rig,
    wanted,
    get secret() {
      return secret.value;
    },
    get record() {
      return record;
    },
    get names() {
      return rig.fake.state.provisionerKeys.map(({ name }) => name);
    },
    get isValid() {
      return rig.fake.state.provisionerKeys.some((key) => key.secret === secret.value);
    },
    advance(ms: number) {
      now += ms;
    },
    /** Requests about keys that arrived. */
    requests: (method: string) =>
      rig.fake.requests.filter((each) => each.route?.startsWith(KEYS) && each.method === method),
    async pass(change: Partial<KeyWanted> = {}): Promise<KeyOutcome> {
      Object.assign(wanted, change);
      const view = secretView(secret.value, secret.annotations);
      const outcome = await keepKey(
        {
          wanted,
          record,
          listing: undefined,
          rolledWith: view.state === "held" ? view.valueHash : undefined,
          entitled: true,
          now: new Date(now),
        },
        ports,
        { signal, random },
      );
      record = outcome.record;
      return outcome;
    },
    async passes(change: Partial<KeyWanted> = {}): Promise<KeyOutcome> {
      let outcome = await keys.pass(change);
      while (outcome.again) outcome = await keys.pass();
      return outcome;
    },
    /** Passes when they are due, until nothing is due any more. */
    async finish(): Promise<KeyOutcome> {
      let outcome = await keys.passes();
      for (let i = 0; i < 20 && outcome.lookAgainMs !== undefined; i++) {
        now += outcome.lookAgainMs;
        outcome = await keys.passes();
      }
      return keys.passes();
    },
    revoke: () => revokeKeys({ record, since: new Date(now), now: new Date(now) }, ports, { signal, random }),
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
  return keys;
}

Deno.test("a key is made, rotated and revoked", async () => {
  await using keys = await startKeys();
  const outcome = await keys.passes();
  assert.equal(outcome.key.ready, true);
  assert.equal(keys.isValid, true);
  const [first] = keys.names;
  await keys.passes({ tags: { region: "us" } });
  assert.deepEqual(keys.rig.fake.state.provisionerKeys.map(({ tags }) => tags), [{ region: "eu" }, {
    region: "us",
  }]);
  await keys.pass();
  assert.equal(keys.names.includes(first!), false);
  assert.equal(keys.isValid, true);
  assert.equal((await keys.revoke()).done, true);
  assert.deepEqual(keys.names, []);
});

Deno.test("neither the record nor what is told of it holds the key", async () => {
  await using keys = await startKeys();
  const outcome = await keys.passes();
  assert.equal(keys.secret?.length, 43);
  assert.equal(JSON.stringify(outcome).includes(keys.secret!), false);
});

const ACTIONS = {
  "answer lost": { do: "loseAnswer" },
  "answer cut off": { do: "truncate" },
  "answer that is none": { do: "body", body: "<html>" },
  "request lost": { do: "dropRequest" },
} as const;

for (const [name, action] of Object.entries(ACTIONS)) {
  Deno.test(`${name} on the way: one key at the end, and it is the one in the Secret`, async () => {
    for (const method of ["POST", "DELETE"]) {
      await using keys = await startKeys();
      if (method === "DELETE") await keys.passes();
      keys.rig.fake.faults.add({ method, route: method === "POST" ? KEYS : `${KEYS}/{name}`, action });
      await keys.passes({ tags: { region: "us" } });
      const outcome = await keys.finish();
      assert.equal(outcome.key.ready, true, method);
      assert.deepEqual([keys.names.length, keys.isValid, keys.record.intents], [1, true, []], method);
      assert.deepEqual(keys.rig.fake.state.provisionerKeys[0]?.tags, { region: "us" });
    }
  });
}

Deno.test("a Coder that answers 429 to everything sees four requests about keys in 35 s at most", async () => {
  for (const retryAfter of [null, 1, 60]) {
    await using keys = await startKeys();
    keys.rig.fake.faults.rateLimit(retryAfter);
    for (let second = 0; second < 35; second++) {
      const outcome = await keys.passes({ tags: { second: String(second) } });
      assert.equal(outcome.key.ready, false);
      keys.advance(1_000);
    }
    const sent = keys.requests("POST").length + keys.requests("DELETE").length;
    assert.ok(sent >= 1 && sent <= 4, `${retryAfter}: ${sent}`);
  }
});

Deno.test("after 429 all ends well when Coder answers again", async () => {
  await using keys = await startKeys();
  const restore = keys.rig.fake.faults.rateLimit(60);
  const refused = await keys.passes();
  assert.equal(refused.key.reason, "RateLimited");
  assert.ok((refused.lookAgainMs ?? 0) >= 60_000);
  restore();
  assert.equal((await keys.finish()).key.ready, true);
  assert.equal(keys.names.length, 1);
});

Deno.test("a 500 may have made the key: it is deleted, and another one is made", async () => {
  await using keys = await startKeys();
  keys.rig.fake.faults.add({
    method: "POST",
    route: KEYS,
    action: { do: "answer", reply: { status: 500, json: { message: "Internal error creating key." } } },
  });
  const outcome = await keys.passes();
  assert.equal(outcome.key.reason, "ProvisionerKeyFailed");
  assert.equal((await keys.finish()).key.ready, true);
  assert.deepEqual([keys.requests("POST").length, keys.requests("DELETE").length], [2, 1]);
});

Deno.test("without the entitlement Coder says so, and is asked again only after minutes", async () => {
  await using keys = await startKeys({ licensed: false });
  const outcome = await keys.passes();
  assert.equal(outcome.key.reason, "NotEntitled");
  assert.ok((outcome.lookAgainMs ?? 0) > 200_000);
  await keys.passes();
  assert.equal(keys.requests("POST").length, 1);
});

Deno.test("a token that may not is told apart, the bypass of the limit refused included", async () => {
  await using keys = await startKeys({ member: true });
  const outcome = await keys.passes();
  assert.equal(outcome.key.reason, "ProvisionerKeyFailed");
  assert.equal(keys.record.holds[0]?.reason, "Forbidden");
  assert.deepEqual(keys.requests("POST").map(({ status }) => status), [428, 403]);
});

Deno.test("an organization that is not there is named, and its correction is tried at once", async () => {
  await using keys = await startKeys();
  await keys.passes({ organization: { name: "nowhere" } });
  assert.equal(keys.record.holds[0]?.reason, "OrganizationNotFound");
  const outcome = await keys.passes({ organization: { name: "default" } });
  assert.equal(outcome.key.ready, true);
  assert.deepEqual(keys.record.holds, []);
});

Deno.test("a build without provisioner keys is told apart", async () => {
  await using keys = await startKeys();
  keys.rig.fake.settings.edition = "agpl";
  await keys.passes();
  assert.equal(keys.record.holds[0]?.reason, "NotSupported");
});
