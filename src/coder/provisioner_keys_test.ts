import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { addDaemon, fakeLicense } from "../../tests/fake-coder/mod.ts";
import { isNotEntitled } from "./errors.ts";

async function licensedRig(options: Parameters<typeof startClientRig>[0] = {}) {
  const rig = await startClientRig(options);
  await rig.client.licenses.add(fakeLicense());
  return rig;
}

Deno.test("a key is shown once, and listed without its secret", async () => {
  await using rig = await licensedRig();
  const { provisionerKey } = await rig.client.provisioners.createKey("default", {
    name: "a",
    tags: { os: "linux" },
  });
  assert.equal(provisionerKey, rig.fake.state.provisionerKeys[0]?.secret);
  const [key] = await rig.client.provisioners.listKeys("default");
  assert.equal(key?.name, "a");
  assert.deepEqual(key?.tags, { os: "linux" });
  assert.equal(JSON.stringify(key).includes(provisionerKey), false);
});

Deno.test("a name is taken once", async () => {
  await using rig = await licensedRig();
  await rig.client.provisioners.createKey("default", { name: "a" });
  assert.equal((await failure(rig.client.provisioners.createKey("default", { name: "a" }))).kind, "conflict");
});

Deno.test("reserved names are invalid", async () => {
  await using rig = await licensedRig();
  assert.equal(
    (await failure(rig.client.provisioners.createKey("default", { name: "psk" }))).kind,
    "invalid",
  );
  assert.equal((await failure(rig.client.provisioners.deleteKey("default", "psk"))).kind, "invalid");
});

Deno.test("a deleted key is gone, and deleting it again is no error", async () => {
  await using rig = await licensedRig();
  await rig.client.provisioners.createKey("default", { name: "a" });
  assert.equal(await rig.client.provisioners.deleteKey("default", "a"), true);
  assert.equal(await rig.client.provisioners.deleteKey("default", "a"), false);
  assert.deepEqual(await rig.client.provisioners.listKeys("default"), []);
});

Deno.test("an organization that is not there is not found", async () => {
  await using rig = await licensedRig();
  assert.equal((await failure(rig.client.provisioners.listKeys("nowhere"))).kind, "notFound");
});

Deno.test("without the entitlement every call says so", async () => {
  await using rig = await startClientRig();
  for (
    const call of [
      rig.client.provisioners.listKeys("default"),
      rig.client.provisioners.createKey("default", { name: "a" }),
      rig.client.provisioners.deleteKey("default", "a"),
      rig.client.provisioners.keyDaemons("default"),
    ]
  ) {
    const error = await failure(call);
    assert.equal(isNotEntitled(error), true);
    assert.match(error.message, /licence does not cover this feature/);
  }
});

Deno.test("a lost answer leaves a key whose secret nobody has: deleting and making it again heals", async () => {
  await using rig = await licensedRig();
  const key = { name: "a", tags: {} };
  rig.fake.faults.add({ method: "POST", action: { do: "loseAnswer" } });
  assert.equal((await failure(rig.client.provisioners.createKey("default", key))).kind, "unavailable");
  assert.equal((await failure(rig.client.provisioners.createKey("default", key))).kind, "conflict");
  assert.equal(await rig.client.provisioners.deleteKey("default", "a"), true);
  assert.equal((await rig.client.provisioners.createKey("default", key)).provisionerKey.length, 43);
});

Deno.test("daemons are listed, offline ones on demand, and by key", async () => {
  await using rig = await licensedRig();
  await rig.client.provisioners.createKey("default", { name: "a" });
  const [key] = await rig.client.provisioners.listKeys("default");
  addDaemon(rig.fake.state, { name: "built-in-1" });
  addDaemon(rig.fake.state, { name: "ours", key_id: key!.id });
  addDaemon(rig.fake.state, { name: "gone", status: "offline" });
  const names = async (filter?: { offline?: boolean; limit?: number; tags?: Record<string, string> }) =>
    (await rig.client.provisioners.listDaemons("default", filter)).map(({ name }) => name);
  assert.deepEqual(await names(), ["ours", "built-in-1"]);
  assert.deepEqual(await names({ offline: true }), ["gone", "ours", "built-in-1"]);
  assert.deepEqual(await names({ limit: 1 }), ["ours"]);
  assert.deepEqual(await names({ tags: { a: "b" } }), []);
  const byKey = await rig.client.provisioners.keyDaemons("default");
  const daemons = (name: string) => byKey.find(({ key }) => key.name === name)?.daemons;
  assert.deepEqual(daemons("a")?.map(({ name }) => name), ["ours"]);
  assert.deepEqual(daemons("built-in")?.map(({ name }) => name), ["built-in-1"]);
});

Deno.test("owners' writes ask not to be counted, others learn that they may not", async () => {
  await using rig = await licensedRig({ bypass: "owners", rateLimit: 2 });
  for (let index = 0; index < 5; index++) {
    await rig.client.provisioners.createKey("default", { name: `key-${index}` });
  }
  const member = rig.memberClient();
  assert.equal((await failure(member.provisioners.createKey("default", { name: "x" }))).kind, "forbidden");
  assert.deepEqual(rig.fake.requests.slice(-2).map(({ status }) => status), [428, 403]);
});
