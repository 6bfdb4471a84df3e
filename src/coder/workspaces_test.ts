import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { addWorkspace } from "../../tests/fake-coder/mod.ts";
import { withoutNoise } from "./workspaces.ts";

Deno.test("workspaces are listed with their number", async () => {
  await using rig = await startClientRig();
  for (const name of ["a", "b", "c"]) addWorkspace(rig.fake.state, rig.owner, name);
  const all = await rig.client.workspaces.list();
  assert.equal(all.count, 3);
  assert.deepEqual(all.workspaces.map(({ name }) => name), ["a", "b", "c"]);
  const page = await rig.client.workspaces.list({ limit: 1, offset: 1, q: "owner:me" });
  assert.deepEqual(page.workspaces.map(({ name }) => name), ["b"]);
});

Deno.test("a workspace has its latest build and its template", async () => {
  await using rig = await startClientRig();
  const { id } = addWorkspace(rig.fake.state, rig.owner, "a");
  const workspace = await rig.client.workspaces.get(id);
  assert.equal(workspace.latest_build.status, "running");
  assert.equal(workspace.latest_build.job?.status, "succeeded");
  assert.equal(workspace.template_name, "docker");
  assert.equal(workspace.owner_name, "admin");
});

Deno.test("a deleted workspace is not found by id unless asked for", async () => {
  await using rig = await startClientRig();
  const { id } = addWorkspace(rig.fake.state, rig.owner, "a", { deleted: true });
  assert.equal((await failure(rig.client.workspaces.get(id))).kind, "notFound");
  assert.equal((await rig.client.workspaces.get(id, { includeDeleted: true })).name, "a");
  assert.equal(await rig.client.workspaces.find("me", "a"), undefined);
});

Deno.test("a workspace is found by owner and name", async () => {
  await using rig = await startClientRig();
  const { id } = addWorkspace(rig.fake.state, rig.owner, "a");
  assert.equal((await rig.client.workspaces.find("admin", "a"))?.id, id);
  assert.equal((await rig.client.workspaces.find("me", "a"))?.id, id);
  assert.equal(await rig.client.workspaces.find("me", "b"), undefined);
});

Deno.test("one broken workspace is reported by its place in the list", async () => {
  await using rig = await startClientRig();
  addWorkspace(rig.fake.state, rig.owner, "a");
  addWorkspace(rig.fake.state, rig.owner, "b", { latest_build: null });
  const error = await failure(rig.client.workspaces.list());
  assert.match(error.message, /workspaces\[1\]\.latest_build: expected object/);
});

Deno.test("a page leaves broken workspaces out, and says which", async () => {
  await using rig = await startClientRig();
  addWorkspace(rig.fake.state, rig.owner, "a");
  const broken = addWorkspace(rig.fake.state, rig.owner, "b", { latest_build: null });
  addWorkspace(rig.fake.state, rig.owner, "c");
  const page = await rig.client.workspaces.page();
  const { workspaces, problems } = page.read(0, 10);
  assert.deepEqual([workspaces.map(({ name }) => name), page.count, page.length], [["a", "c"], 3, 3]);
  assert.equal(problems.length, 1);
  assert.equal(problems[0], `[${broken.id}].latest_build: expected object`);
});

Deno.test("a page begins and ends where it is asked to", async () => {
  await using rig = await startClientRig();
  for (const name of ["a", "b", "c"]) addWorkspace(rig.fake.state, rig.owner, name);
  const page = await rig.client.workspaces.page({ limit: 2, offset: 1 });
  assert.deepEqual([page.length, page.count], [2, 3]);
  assert.deepEqual(page.read(1, 2).workspaces.map(({ name }) => name), ["c"]);
});

Deno.test("a page that is no page is a bad answer, and says nothing of what came", async () => {
  await using rig = await startClientRig();
  const route = "/api/v2/workspaces";
  for (const body of ["[]", '{"workspaces":[{"hunter2', '{"workspaces":7}']) {
    rig.fake.faults.add({ route, action: { do: "body", body } });
    const error = await failure(rig.client.workspaces.page());
    assert.deepEqual([error.kind, error.reason], ["badResponse", "notJson"]);
    assert.doesNotMatch(error.message, /hunter2/);
  }
  rig.fake.faults.add({ route, action: { do: "body", body: '{"workspaces":null}' } });
  const page = await rig.client.workspaces.page();
  assert.deepEqual([page.length, page.count], [0, 0]);
});

Deno.test("agents and apps come with the build, resources without agents and odd ones do not", async () => {
  await using rig = await startClientRig();
  const agent = { id: crypto.randomUUID(), name: "main", status: "connected", apps: [{ slug: "ide" }, {}] };
  const { id } = addWorkspace(rig.fake.state, rig.owner, "a");
  const row = rig.fake.state.workspaces[0]!;
  row["latest_build"] = {
    ...row["latest_build"] as object,
    resources: [{ name: "disk" }, { agents: [agent, { name: "broken" }] }, "nonsense"],
  };
  const { latest_build: { resources } } = await rig.client.workspaces.get(id);
  assert.equal(resources.length, 1);
  assert.deepEqual(resources[0]?.agents.map(({ name }) => name), ["main"]);
  assert.deepEqual(resources[0]?.agents[0]?.apps.map(({ slug }) => slug), ["ide"]);
});

Deno.test("what is known is not read again, and what is read comes with its words", async () => {
  await using rig = await startClientRig();
  for (const name of ["a", "b", "c"]) addWorkspace(rig.fake.state, rig.owner, name);
  addWorkspace(rig.fake.state, rig.owner, "bad", { latest_build: null });
  const page = await rig.client.workspaces.page();
  const { workspaces, items } = page.read(0, 10, (item) => item.includes('"name":"b"'));
  assert.deepEqual(workspaces.map(({ name }) => name), ["a", "c"]);
  assert.deepEqual(items?.map((item) => JSON.parse(item).name), ["a", "c"]);
});

Deno.test("heartbeats and latencies of agents are no news of a workspace", () => {
  const item = (seconds: number, latency: Record<string, unknown>) =>
    JSON.stringify({
      name: "dev",
      latest_build: {
        updated_at: "2026-01-01T00:00:20Z",
        resources: [{
          agents: [{
            updated_at: `2026-01-01T00:00:${seconds}Z`,
            first_connected_at: "2026-01-01T00:00:00Z",
            last_connected_at: `2026-01-01T00:00:${seconds}.5Z`,
            latency,
            apps: [],
          }],
        }],
      },
    });
  const region = (latency_ms: number) => ({ preferred: true, latency_ms });
  const usual = withoutNoise(item(10, { 'Fra"{nk}furt': region(1.5e-7), B: region(2) }));
  assert.equal(withoutNoise(item(59, { 'Fra"{nk}furt': region(80.25) })), usual);
  assert.equal(withoutNoise(item(59, {})), usual);
  assert.match(usual, /"updated_at":"2026-01-01T00:00:20Z"/);
  assert.match(usual, /"apps":\[\]/);
});

Deno.test("nothing that is read can pass for noise", () => {
  const noise = '"last_connected_at":"x","latency":{},"updated_at":"x","first_connected_at"';
  const texts = [{ name: noise }, { name: noise.replaceAll('"', '\\"') }, { name: `\\${noise}` }];
  for (const value of texts) assert.equal(withoutNoise(JSON.stringify(value)), JSON.stringify(value));
  const odd = '{"latency":{"a":1},"apps":[{"slug":"a"}]}';
  assert.equal(withoutNoise(odd), odd, "of another form than Coder's");
});
