/** The decision about the number of provisioners, on the jobs of a real Coder. */
import assert from "node:assert/strict";
import { createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { autoscaleSettings, decideReplicas } from "../../src/provisioner/autoscale.ts";
import { jobOf, matches } from "../../src/provisioner/job_match.ts";
import { waitFor } from "../cluster/mod.ts";
import { plainTemplate, sharedCoderd, uniqueName } from "../coder/mod.ts";
import { cancelImports, importWith } from "./real_jobs.ts";

const ACTIVE = ["pending", "running"];

Deno.test("real jobs that nobody can take bring pods, up to the limit, and only for the right tags", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  const transport = createTransport({ url: coderd.url });
  const client = createCoderClient({ transport, token });
  const region = uniqueName("region");
  const versions = [
    await importWith(coderd, token, { region }),
    await importWith(coderd, token, { region }),
    await importWith(coderd, token, { region, gpu: "yes" }),
  ];
  try {
    const { id: organizationID } = await client.organizations.get("default");
    const jobs = (await client.provisionerJobs.list("default", { statuses: ACTIVE, limit: 500 })).map(jobOf);
    const decide = (tags: Record<string, string>, maxReplicas = 10) =>
      decideReplicas({
        settings: autoscaleSettings({ minReplicas: 0, maxReplicas }),
        queue: { organizationID, tags },
        replicas: 0,
        rollingOut: false,
        pods: [],
        jobs,
        memory: [],
        now: Date.now(),
      });
    assert.deepEqual(decide({ region }).demand, { pending: 2, running: 0, pods: 2 });
    assert.equal(decide({ region, gpu: "yes" }).replicas, 3);
    assert.equal(decide({ region, gpu: "yes" }, 1).replicas, 1);
    assert.equal(decide({ region: "elsewhere" }).replicas, 0);
    const ours = jobs.filter((job) => matches(job, { organizationID, tags: { region } }));
    assert.ok(ours.every(({ status, workerName }) => status === "pending" && workerName === ""));
  } finally {
    await cancelImports(coderd, token, versions);
    transport.close();
  }
});

Deno.test("a job that runs names the daemon that works on it", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  const transport = createTransport({ url: coderd.url });
  const client = createCoderClient({ transport, token });
  // So long that it runs for the whole test, however busy the machine is; it is cancelled then.
  const template = await coderd.createTemplate({ files: plainTemplate({ seconds: 600 }) });
  const { latest_build } = await coderd.createWorkspace({ template, noWait: true });
  try {
    const running = await waitFor(
      async () => {
        const jobs = await client.provisionerJobs.list("default", { statuses: ["running"], limit: 500 });
        return jobs.find(({ id }) => id === latest_build.job.id);
      },
      { what: "the build to run" },
    );
    const daemons = await client.provisioners.listDaemons("default", { limit: 100 });
    const worker = daemons.find(({ name }) => name === running.worker_name);
    assert.equal(worker?.status, "busy");
    assert.equal(worker?.id, running.worker_id);
  } finally {
    await coderd.request("PATCH", `/api/v2/workspacebuilds/${latest_build.id}/cancel`, { token });
    transport.close();
  }
});
