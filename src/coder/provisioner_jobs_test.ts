import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { addJob } from "../../tests/fake-coder/mod.ts";

Deno.test("jobs are listed with their tags and with who works on them", async () => {
  await using rig = await startClientRig({ edition: "agpl" });
  addJob(rig.fake.state, { status: "running", worker_name: "prov-1", tags: { region: "eu" } });
  const [job] = await rig.client.provisionerJobs.list("default");
  assert.equal(job?.status, "running");
  assert.equal(job?.worker_name, "prov-1");
  assert.deepEqual(job?.tags, { owner: "", scope: "organization", region: "eu" });
  assert.equal(job?.organization_id, rig.fake.state.defaultOrganization.id);
});

Deno.test("jobs are chosen by status, and cut off at the limit", async () => {
  await using rig = await startClientRig();
  for (const status of ["pending", "running", "succeeded", "pending"]) addJob(rig.fake.state, { status });
  const list = (filter?: Parameters<typeof rig.client.provisionerJobs.list>[1]) =>
    rig.client.provisionerJobs.list("default", filter);
  assert.equal((await list()).length, 4);
  assert.equal((await list({ statuses: ["pending", "running"] })).length, 3);
  assert.equal((await list({ statuses: ["pending"], limit: 1 })).length, 1);
});

Deno.test("Coder gives 50 jobs where no limit is named", async () => {
  await using rig = await startClientRig();
  for (let i = 0; i < 60; i++) addJob(rig.fake.state, {});
  assert.equal((await rig.client.provisionerJobs.list("default")).length, 50);
  assert.equal((await rig.client.provisionerJobs.list("default", { limit: 100 })).length, 60);
});

Deno.test("a job that an older Coder tells less about is read all the same", async () => {
  await using rig = await startClientRig();
  const job = {
    id: crypto.randomUUID(),
    organization_id: crypto.randomUUID(),
    created_at: new Date().toISOString(),
    tags: null,
  };
  rig.fake.faults.add({ action: { do: "body", body: JSON.stringify([job]) } });
  const [read] = await rig.client.provisionerJobs.list("default");
  assert.deepEqual(read, { ...job, tags: {}, status: "", type: "", worker_id: "", worker_name: "" });
});

Deno.test("jobs are not found by who may not see them, nor in an organization that is not there", async () => {
  await using rig = await startClientRig();
  assert.equal((await failure(rig.client.provisionerJobs.list("nowhere"))).kind, "notFound");
  assert.equal((await failure(rig.memberClient().provisionerJobs.list("default"))).kind, "notFound");
});
