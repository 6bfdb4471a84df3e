/** The number of pods follows the work: that of a real Coder up and down, and that of busy daemons one pod at a time. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { sharedCoderd, uniqueName } from "../coder/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { addJob } from "../fake-coder/mod.ts";
import { startHalfCoder } from "./half_coder.ts";
import { operate, running, said, told } from "./key_witness.ts";
import { cancelImports, importWith } from "./real_jobs.ts";
import { ProvisionerRig } from "./rig.ts";

const COST = "controller.kubernetes.io/pod-deletion-cost";
const DEPLOYMENT = "apps/v1/deployments/provisioner-prov";

Deno.test("pods follow the jobs that wait in a real Coder, up to the limit and down again", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  await using half = await startHalfCoder(coderd);
  await using rig = await ProvisionerRig.start("scale", { coders: [{ fake: half }] });
  rig.coder.license({});
  const region = uniqueName("region");
  const versions: string[] = [];
  const jobs = async (count: number, tags: Record<string, string>) => {
    for (let job = 0; job < count; job++) versions.push(await importWith(coderd, token, tags));
  };
  try {
    await using _ = await operate(rig);
    const autoscale = { minReplicas: 1, maxReplicas: 4, pendingJobsPerReplica: 1, scaleDownDelay: "1s" };
    // What others import without tags is none of these provisioners' business.
    const key = await running(rig, { tags: { region }, replicas: 1, autoscale });
    await said(rig, "Autoscaling", "True", "FollowsJobs");
    const organization = (await rig.provisioners.stored("prov")).status?.organizationID;
    assert.equal(organization, (await coderd.firstUser()).organizationId);
    await jobs(1, { region, gpu: "yes" });
    await jobs(3, { region });
    await rig.podsReady("prov", 3);
    await jobs(3, { region });
    await rig.podsReady("prov", 4);
    assert.equal((await rig.provisioners.stored("prov")).spec?.replicas, 1, "the spec is the user's");
    await cancelImports(coderd, token, versions.splice(0));
    await rig.podsReady("prov", 1);
    const { status } = await rig.settled("prov", { Ready: "True" });
    assert.equal(status?.provisionerKeyName, key.name);
    await told(rig, ["Scaled", "Scaled", "Scaled"]);
    half.assertClean();
  } finally {
    await cancelImports(coderd, token, versions);
  }
});

Deno.test("with less work idle pods go, those that build stay, and jobs that nobody can list change nothing", async () => {
  await using rig = await ProvisionerRig.start("scale-busy");
  await using operator = await operate(rig);
  const { state, faults } = rig.coder.fake;
  const autoscale = { minReplicas: 0, maxReplicas: 5, scaleDownDelay: "1s" };
  await rig.provisioner("prov", { tags: { region: "eu" }, autoscale });
  await rig.provisioners.condition("prov", "ProvisionerKeyReady", "True");
  await said(rig, "Ready", "False", "ScaledToZero");
  for (let job = 0; job < 3; job++) addJob(state, { tags: { region: "eu" } });
  const pods = await rig.podsReady("prov", 3);
  await rig.daemonsConnect("prov");
  const mark = await rig.cluster.audit.mark();
  const busy = pods[1];
  assert.ok(busy);
  await rig.daemonsConnect("prov", { busy: ({ name }) => name === busy.name });
  const [job] = state.provisionerJobs;
  state.provisionerJobs.splice(0, Infinity, { ...job, status: "running", worker_name: busy.name });
  const left = await rig.podsReady("prov", 1);
  assert.deepEqual(left.map(({ name }) => name), [busy.name]);
  assert.equal(left[0]?.annotations[COST], undefined, "who works bears no mark");
  const marked = (await rig.cluster.audit.since(mark)).requests({
    user: OPERATOR_USER,
    verb: "patch",
    resource: "pods",
    namespace: rig.namespace,
  });
  const idle = pods.filter(({ name }) => name !== busy.name).map(({ name }) => name).sort();
  assert.deepEqual(marked.map(({ name }) => name).sort(), idle, "the others were, each once");

  const heal = faults.add({
    route: "/api/v2/organizations/{organization}/provisionerjobs",
    times: Infinity,
    action: { do: "answer", reply: { status: 500, json: { message: "no" } } },
  });
  state.provisionerJobs.splice(0);
  const from = rig.coder.fake.requests.length;
  operator.visit("prov");
  await waitFor(() => rig.coder.fake.requests.slice(from).some(({ status }) => status === 500), {
    what: "a list that fails",
  });
  await operator.again("prov");
  assert.equal((await rig.live.get(DEPLOYMENT)).spec.replicas, 1);
  heal();
});
