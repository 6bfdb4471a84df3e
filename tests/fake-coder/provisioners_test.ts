/** The fake's provisioner routes against the references. */
import assert from "node:assert/strict";
import { CoderApiError } from "../../src/coder/errors.ts";
import { type ClientRig, failure, startClientRig } from "./client_rig.ts";
import { addDaemon, addJob, addOrganization, fakeLicense } from "./mod.ts";

async function licensedRig() {
  const rig = await startClientRig();
  await rig.client.licenses.add(fakeLicense());
  return rig;
}

async function refusal(call: Promise<unknown>): Promise<CoderApiError> {
  const error = await failure(call);
  assert.ok(error instanceof CoderApiError, error.message);
  return error;
}

/** A path of the default organization, asked for as it is, under the owner's token. */
async function get(rig: ClientRig, path: string): Promise<{ status: number; json: unknown }> {
  const headers = {
    "Accept": "application/json",
    "User-Agent": "coder-k8s",
    "Coder-Session-Token": rig.token,
  };
  const full = `/api/v2/organizations/default/${path}`;
  const { status, body } = await rig.transport.send({
    method: "GET",
    path: full,
    headers,
    timeoutMs: 60_000,
  });
  return { status, json: JSON.parse(body) };
}

const names = (items: readonly { name: string }[]) => items.map(({ name }) => name);

Deno.test("names of keys are stored in lower case, and are one name whatever their case", async () => {
  await using rig = await licensedRig();
  const { provisioners } = rig.client;
  await provisioners.createKey("default", { name: "EU-West" });
  assert.deepEqual(names(await provisioners.listKeys("default")), ["eu-west"]);
  const taken = await refusal(provisioners.createKey("default", { name: "Eu-West" }));
  assert.equal(taken.status, 409);
  assert.equal(taken.coderMessage, "Provisioner key with name 'Eu-West' already exists in organization");
  assert.equal(await provisioners.deleteKey("default", "EU-WEST"), true);
  assert.deepEqual(await provisioners.listKeys("default"), []);
});

Deno.test("reserved names are refused whatever their case", async () => {
  await using rig = await licensedRig();
  const error = await refusal(rig.client.provisioners.createKey("default", { name: "User-Auth" }));
  assert.equal(error.coderMessage, "Name cannot be reserved name 'User-Auth'");
  assert.deepEqual(error.validations, [{
    field: "name",
    detail: "Name cannot be reserved name 'User-Auth'",
  }]);
});

Deno.test("only the default organization has reserved keys to refuse the removal of", async () => {
  await using rig = await licensedRig();
  const { id } = addOrganization(rig.fake.state, "other");
  const error = await refusal(rig.client.provisioners.deleteKey("default", "psk"));
  assert.equal(error.coderMessage, "Cannot delete reserved 'psk' provisioner key");
  assert.equal(await rig.client.provisioners.deleteKey(id, "psk"), false);
});

Deno.test("a name that is too long must not be sent", async () => {
  const rig = await licensedRig();
  const error = await refusal(rig.client.provisioners.createKey("default", { name: "x".repeat(65) }));
  assert.equal(error.status, 400);
  await assert.rejects(async () => await rig[Symbol.asyncDispose](), /body name/);
});

Deno.test("keys belong to their organization, which is found by name and id", async () => {
  await using rig = await licensedRig();
  const { provisioners } = rig.client;
  const other = addOrganization(rig.fake.state, "other");
  await provisioners.createKey("other", { name: "a" });
  await provisioners.createKey("default", { name: "a" });
  assert.deepEqual((await provisioners.listKeys(other.id)).map(({ organization }) => organization), [
    other.id,
  ]);
  assert.equal(await provisioners.deleteKey("other", "a"), true);
  assert.deepEqual(names(await provisioners.listKeys("coder")), ["a"]);
  const organizations = await rig.client.organizations.list();
  assert.deepEqual(names(organizations), ["coder", "other"]);
});

Deno.test("daemons by key are those that are connected, and reserved keys are there, too", async () => {
  await using rig = await licensedRig();
  const { provisioners } = rig.client;
  const { id: other } = addOrganization(rig.fake.state, "other");
  await provisioners.createKey("default", { name: "a" });
  const [key] = rig.fake.state.provisionerKeys;
  addDaemon(rig.fake.state, { name: "pod-1", key_id: key!.id, status: "busy" });
  addDaemon(rig.fake.state, { name: "pod-2", key_id: key!.id, status: "offline" });
  addDaemon(rig.fake.state, { name: "built-in-1" });
  const groups = await provisioners.keyDaemons("default");
  assert.deepEqual(groups.map(({ key: { name }, daemons }) => [name, names(daemons)]), [
    ["built-in", ["built-in-1"]],
    ["user-auth", []],
    ["psk", []],
    ["a", ["pod-1"]],
  ]);
  // What they do is told by the other list alone.
  assert.equal(groups.at(-1)?.daemons[0]?.status, "");
  assert.deepEqual((await provisioners.keyDaemons(other)).map(({ key: { name } }) => name), ["user-auth"]);
});

Deno.test("a daemon has its key's organization, name and tags, and is gone with its key", async () => {
  await using rig = await licensedRig();
  const { provisioners } = rig.client;
  const { id: other } = addOrganization(rig.fake.state, "other");
  await provisioners.createKey(other, { name: "a", tags: { region: "eu" } });
  const [key] = rig.fake.state.provisionerKeys;
  addDaemon(rig.fake.state, { name: "pod-1", key_id: key!.id });
  const [daemon] = await provisioners.listDaemons(other);
  assert.deepEqual(
    [daemon?.key_id, daemon?.key_name, daemon?.status, daemon?.tags],
    [key!.id, "a", "idle", { owner: "", scope: "organization", region: "eu" }],
  );
  await provisioners.deleteKey(other, "a");
  assert.deepEqual(await provisioners.listDaemons(other, { offline: true }), []);
  assert.throws(() => addDaemon(rig.fake.state, { name: "pod-2", key_id: key!.id }), /there is no key/);
});

Deno.test("a daemon that comes back under its name is one daemon", async () => {
  await using rig = await licensedRig();
  const first = addDaemon(rig.fake.state, { name: "pod-1", status: "offline" });
  const second = addDaemon(rig.fake.state, { name: "pod-1" });
  const listed = await rig.client.provisioners.listDaemons("default", { offline: true });
  assert.deepEqual(listed.map(({ id }) => id), [second["id"]]);
  assert.notEqual(first["id"], second["id"]);
});

Deno.test("connected daemons are seen all the time, others are not seen again", async () => {
  await using rig = await startClientRig({ edition: "agpl" });
  const { state } = rig.fake;
  addDaemon(state, { name: "here" });
  addDaemon(state, { name: "gone", status: "offline" });
  state.advance(3_600_000);
  const token = state.addToken(rig.owner);
  const daemons = await rig.clientWith(token).provisioners.listDaemons("default", { offline: true });
  const age = (name: string) =>
    state.now() - Date.parse(daemons.find((daemon) => daemon.name === name)?.last_seen_at ?? "");
  assert.ok(age("here") < 60_000);
  assert.ok(age("gone") >= 3_600_000);
});

Deno.test("daemons come the newest first, and are chosen by status, ids and tags", async () => {
  await using rig = await licensedRig();
  const { state } = rig.fake;
  const plain = addDaemon(state, { name: "plain" });
  addDaemon(state, { name: "eu", status: "busy", tags: { region: "eu" } });
  addDaemon(state, { name: "gone", status: "offline" });
  const list = async (query: string) =>
    names((await get(rig, `provisionerdaemons${query}`)).json as { name: string }[]);
  assert.deepEqual(await list(""), ["eu", "plain"]);
  assert.deepEqual(await list("?offline=true"), ["gone", "eu", "plain"]);
  assert.deepEqual(await list("?status=offline,busy"), ["gone", "eu"]);
  assert.deepEqual(await list(`?ids=${plain["id"]}`), ["plain"]);
  const tags = (value: unknown) => `?tags=${encodeURIComponent(JSON.stringify(value))}`;
  assert.deepEqual(await list(tags({ region: "eu" })), ["eu"]);
  // A job without tags of its own.
  assert.deepEqual(await list(tags({ owner: "", scope: "organization" })), ["plain"]);
});

Deno.test("a limit of 0 is none, and without one there are 50", async () => {
  await using rig = await startClientRig();
  for (let index = 0; index < 60; index++) addDaemon(rig.fake.state, { name: `d-${index}` });
  for (let index = 0; index < 60; index++) addJob(rig.fake.state, {});
  for (const path of ["provisionerdaemons", "provisionerjobs"]) {
    const count = async (query: string) => ((await get(rig, path + query)).json as unknown[]).length;
    assert.deepEqual([await count(""), await count("?limit=0"), await count("?limit=7")], [50, 60, 7]);
  }
});

Deno.test("nonsense in a query is refused in coderd's words", async () => {
  await using rig = await startClientRig();
  for (const path of ["provisionerdaemons", "provisionerjobs"]) {
    for (const query of ["limit=-1", "limit=x", "ids=x", "tags=x", "tags=%7B%22a%22%3A1%7D"]) {
      const { status, json } = await get(rig, `${path}?${query}`);
      assert.equal(status, 400, query);
      assert.equal((json as { message: string }).message, "Invalid query parameters.");
    }
  }
  assert.equal((await get(rig, "provisionerdaemons?status=x")).status, 400);
  const jobs = await get(rig, "provisionerjobs?status=pending,x");
  assert.deepEqual(jobs, {
    status: 500,
    json: {
      message: "Internal error fetching provisioner jobs.",
      detail: `pq: invalid input value for enum provisioner_job_status: "x"`,
    },
  });
});

Deno.test("daemons and jobs are not there for those who may not see jobs", async () => {
  await using rig = await licensedRig();
  const member = rig.memberClient();
  assert.equal((await refusal(member.provisioners.listDaemons("default"))).kind, "notFound");
  assert.equal((await refusal(member.provisionerJobs.list("default"))).kind, "notFound");
  assert.equal((await refusal(member.provisioners.listKeys("default"))).kind, "forbidden");
});

Deno.test("jobs that wait have a place in the queue of all, and daemons that may take them", async () => {
  await using rig = await licensedRig();
  const { state } = rig.fake;
  const eu = addDaemon(state, { name: "eu", tags: { region: "eu" } });
  const plain = addDaemon(state, { name: "plain" });
  const { id: other } = addOrganization(state, "other");
  addJob(state, { organization_id: other });
  addJob(state, { tags: { region: "eu" } });
  addJob(state, { status: "running", worker_name: "eu" });
  addJob(state, {});
  const { json } = await get(rig, "provisionerjobs");
  const rows = (json as Record<string, unknown>[]).map((job) => [
    job["status"],
    job["queue_position"],
    job["queue_size"],
    job["available_workers"],
  ]);
  assert.deepEqual(rows, [
    ["pending", 3, 3, [plain["id"]]],
    ["running", 0, 0, null],
    ["pending", 2, 3, [eu["id"]]],
  ]);
});

Deno.test("jobs are chosen by status, ids and tags, and have scope and owner among their tags", async () => {
  await using rig = await startClientRig({ edition: "agpl" });
  const eu = addJob(rig.fake.state, { tags: { region: "eu" } });
  addJob(rig.fake.state, { status: "succeeded" });
  const list = async (
    query: string,
  ) => ((await get(rig, `provisionerjobs${query}`)).json as { id: string; tags: unknown }[]);
  assert.deepEqual((await list("?status=pending"))[0]?.tags, {
    owner: "",
    scope: "organization",
    region: "eu",
  });
  assert.deepEqual((await list(`?ids=${eu["id"]}`)).map(({ id }) => id), [eu["id"]]);
  // As a daemon with these tags would ask: what it may take.
  const tags = encodeURIComponent(JSON.stringify({ owner: "", scope: "organization", region: "eu" }));
  assert.deepEqual((await list(`?tags=${tags}`)).map(({ id }) => id), [eu["id"]]);
});

Deno.test("with the licence go the routes of keys, and they come back with it", async () => {
  await using rig = await licensedRig();
  const { provisioners } = rig.client;
  await provisioners.createKey("default", { name: "a" });
  const { licenses } = rig.fake.state;
  const [license] = licenses.splice(0);
  const error = await refusal(provisioners.listKeys("default"));
  assert.deepEqual([error.status, error.reason], [403, "notEntitled"]);
  assert.equal(error.coderMessage, "External Provisioner Daemons is a Premium feature. Contact sales!");
  assert.deepEqual(await provisioners.listDaemons("default"), []);
  licenses.push(license!);
  assert.deepEqual(names(await provisioners.listKeys("default")), ["a"]);
});

Deno.test("in the grace period of a licence keys can be made, and entitlements say so", async () => {
  await using rig = await startClientRig();
  const seconds = Math.floor(Date.now() / 1_000);
  await rig.client.licenses.add(fakeLicense({ license_expires: seconds - 60 }));
  const { features } = await rig.client.licenses.entitlements();
  assert.deepEqual(
    [
      features["external_provisioner_daemons"]?.entitlement,
      features["external_provisioner_daemons"]?.enabled,
    ],
    ["grace_period", true],
  );
  assert.equal(features["managed_agent_limit"]?.entitlement, "grace_period");
  await rig.client.provisioners.createKey("default", { name: "a" });
});
