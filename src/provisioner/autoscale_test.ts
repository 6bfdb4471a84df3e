import assert from "node:assert/strict";
import { type AutoscaleInput, autoscaleSettings, decideReplicas } from "./autoscale.ts";
import { IDLE_COST, type ProvisionerPod } from "./idle_pods.ts";
import type { ProvisionerJob } from "./job_match.ts";

const settings = { minReplicas: 1, maxReplicas: 10, pendingJobsPerReplica: 1, scaleDownDelayMs: 100 };
const queue = { organizationID: "o", tags: {} };

function job(status: string, workerName = "", fields: Partial<ProvisionerJob> = {}): ProvisionerJob {
  const tags = { scope: "organization", owner: "" };
  return { id: `${status}-${workerName}`, organizationID: "o", status, tags, workerName, ...fields };
}

const waiting = (count: number) => Array.from({ length: count }, () => job("pending"));
const pods = (count: number, fields: Partial<ProvisionerPod> = {}): ProvisionerPod[] =>
  Array.from({ length: count }, (_, i) => ({ name: `p${i}`, deleting: false, ...fields }));
const marked = { deletionCost: IDLE_COST };

function decide(fields: Partial<AutoscaleInput> = {}) {
  const replicas = fields.replicas ?? 1;
  return decideReplicas({
    settings,
    queue,
    replicas,
    rollingOut: false,
    pods: pods(replicas),
    jobs: [],
    memory: [],
    now: 1_000,
    ...fields,
  });
}

Deno.test("settings have defaults, and contradicting limits leave the upper one", () => {
  assert.deepEqual(autoscaleSettings({ maxReplicas: 4 }), {
    minReplicas: 1,
    maxReplicas: 4,
    pendingJobsPerReplica: 1,
    scaleDownDelayMs: 300_000,
  });
  const given = { minReplicas: 9, maxReplicas: 3, pendingJobsPerReplica: 0, scaleDownDelay: "1m30s" };
  assert.deepEqual(autoscaleSettings(given), {
    minReplicas: 3,
    maxReplicas: 3,
    pendingJobsPerReplica: 1,
    scaleDownDelayMs: 90_000,
  });
  assert.equal(autoscaleSettings({ maxReplicas: 0, minReplicas: -1, scaleDownDelay: "0s" }).maxReplicas, 1);
  assert.equal(autoscaleSettings({ maxReplicas: 2, scaleDownDelay: "0s" }).scaleDownDelayMs, 0);
  assert.equal(autoscaleSettings({ maxReplicas: 2, scaleDownDelay: "soon" }).scaleDownDelayMs, 300_000);
});

Deno.test("waiting jobs bring more pods at once, up to the limit", () => {
  assert.equal(decide({ jobs: waiting(4) }).replicas, 4);
  const full = decide({ jobs: waiting(40) });
  assert.equal(full.replicas, 10);
  assert.match(full.because, /waiting: 40; maxReplicas is 10/);
});

Deno.test("running jobs keep their pods, and waiting ones come on top", () => {
  const { replicas, demand } = decide({ replicas: 2, jobs: [job("running", "p0"), ...waiting(2)] });
  assert.equal(replicas, 3);
  assert.deepEqual(demand, { pending: 2, running: 1, pods: 3 });
});

Deno.test("several waiting jobs may share a pod, and a part of a pod is a whole one", () => {
  const shared = { ...settings, pendingJobsPerReplica: 3 };
  assert.deepEqual([0, 1, 3, 4, 7].map((n) => decide({ settings: shared, jobs: waiting(n) }).replicas), [
    1,
    1,
    1,
    2,
    3,
  ]);
});

Deno.test("jobs of other organizations and tags are nobody's business here", () => {
  const jobs = [
    job("pending", "", { organizationID: "p" }),
    job("pending", "", { tags: { scope: "organization", owner: "", gpu: "1" } }),
  ];
  assert.deepEqual(decide({ jobs }).demand, { pending: 0, running: 0, pods: 0 });
});

Deno.test("without work there are as few pods as allowed, none where that is allowed", () => {
  const none = { ...settings, minReplicas: 0 };
  const idle = pods(3, marked);
  assert.equal(decide({ replicas: 3, pods: idle }).replicas, 1);
  assert.equal(decide({ replicas: 3, pods: idle, settings: none }).replicas, 0);
  assert.equal(decide({ replicas: 0, pods: [], settings: none, jobs: waiting(1) }).replicas, 1);
});

Deno.test("there are never fewer than the limit, without a delay", () => {
  const decision = decide({ replicas: 0, pods: [], settings: { ...settings, minReplicas: 3 } });
  assert.equal(decision.replicas, 3);
  assert.match(decision.because, /minReplicas is 3/);
});

Deno.test("fewer pods come only when less was asked for during the whole delay", () => {
  const held = decide({ replicas: 5, memory: [{ demand: 5, at: 950 }], pods: pods(5, marked) });
  assert.equal(held.replicas, 5);
  assert.equal(held.lookAgainMs, 50);
  assert.match(held.because, /5 stay for a while/);
  const due = decide({ replicas: 5, memory: held.memory, now: 1_050, pods: pods(5, marked) });
  assert.equal(due.replicas, 1);
});

Deno.test("the number falls by steps as each level of the past grows old", () => {
  const memory = [{ demand: 6, at: 890 }, { demand: 4, at: 960 }, { demand: 2, at: 990 }];
  const decision = decide({ replicas: 6, memory, pods: pods(6, marked) });
  assert.equal(decision.replicas, 4);
  assert.equal(decision.lookAgainMs, 60);
});

Deno.test("a decision without a memory takes the pods that there are for needed", () => {
  const first = decide({ replicas: 5, memory: undefined, pods: pods(5, marked) });
  assert.equal(first.replicas, 5);
  assert.equal(first.lookAgainMs, 100);
});

Deno.test("idle pods are marked first, and the number follows when the marks are seen", () => {
  const busy = job("running", "p1");
  const first = decide({ replicas: 3, jobs: [busy] });
  assert.equal(first.replicas, 3);
  assert.deepEqual(first.costs, [{ pod: "p0", cost: IDLE_COST }, { pod: "p2", cost: IDLE_COST }]);
  assert.equal(first.lookAgainMs, 1_000);
  assert.match(first.because, /idle pods are marked first/);
  const seen = pods(3).map((pod) => pod.name === "p1" ? pod : { ...pod, ...marked });
  const second = decide({ replicas: 3, jobs: [busy], pods: seen });
  assert.equal(second.replicas, 1);
  assert.deepEqual(second.costs, []);
});

Deno.test("a marked pod that finds work in between is spared, and another one is marked", () => {
  const seen = pods(3).map((pod) => pod.name === "p0" ? { ...pod, ...marked } : pod);
  const decision = decide({ replicas: 3, jobs: [job("running", "p0"), job("running", "p2")], pods: seen });
  assert.equal(decision.replicas, 3);
  assert.deepEqual(decision.costs, [{ pod: "p1", cost: IDLE_COST }, { pod: "p0", cost: undefined }]);
});

Deno.test("pods that do not exist yet go without a mark", () => {
  const decision = decide({ replicas: 5, pods: pods(2), jobs: [job("running", "p0"), job("running", "p1")] });
  assert.equal(decision.replicas, 2);
  assert.deepEqual(decision.costs, []);
});

Deno.test("pods that may be busy stay, even where the demand is lower", () => {
  const daemons = [{ name: "p0", status: "busy" }, { name: "p1", status: "busy" }];
  const decision = decide({ replicas: 3, daemons, pods: pods(3).map((pod) => ({ ...pod, ...marked })) });
  assert.equal(decision.replicas, 3);
  const clean = pods(3).map((pod) => pod.name === "p2" ? { ...pod, ...marked } : pod);
  assert.equal(decide({ replicas: 3, daemons, pods: clean }).replicas, 2);
});

Deno.test("marks go when there is work for all pods", () => {
  const decision = decide({ replicas: 2, pods: pods(2, marked), jobs: waiting(2) });
  assert.equal(decision.replicas, 2);
  assert.deepEqual(decision.costs, [{ pod: "p0", cost: undefined }, { pod: "p1", cost: undefined }]);
});

Deno.test("pods that are to go keep their marks until they are gone, whatever is decided meanwhile", () => {
  const three = [{ name: "p0", deleting: false }, ...pods(3, marked).slice(1)];
  const one = { replicas: 1, pods: three };
  const running = job("running", "p0");
  for (
    const fields of [
      { jobs: [running] },
      { jobs: [running, ...waiting(1)] },
      { jobs: undefined },
      { jobs: [running], settings: { ...settings, minReplicas: 0 }, rollingOut: true },
    ]
  ) {
    assert.deepEqual(decide({ ...one, ...fields }).costs, [], JSON.stringify(fields));
  }
  // The next ones are marked beside those that are to go already.
  const four = [...pods(4).slice(0, 2), ...pods(4, marked).slice(2)];
  assert.deepEqual(decide({ replicas: 2, pods: four, jobs: [running] }).costs, [{
    pod: "p1",
    cost: IDLE_COST,
  }]);
  // Where one of them has found work before it was taken, another one goes.
  const found = [job("running", "p0"), job("running", "p1")];
  assert.deepEqual(decide({ replicas: 2, pods: pods(3, marked), jobs: found }).costs, [
    { pod: "p0", cost: undefined },
    { pod: "p1", cost: undefined },
  ]);
  assert.deepEqual(decide({ replicas: 1, pods: pods(1, marked), jobs: [running] }).costs, [
    { pod: "p0", cost: undefined },
  ], "once they are gone, no mark is left");
});

Deno.test("while Coder cannot be asked the pods stay, and the delay begins anew", () => {
  const blind = decide({ replicas: 5, jobs: undefined, memory: [{ demand: 1, at: 0 }] });
  assert.equal(blind.replicas, 5);
  assert.equal(blind.demand, undefined);
  assert.match(blind.because, /not known/);
  const after = decide({ replicas: 5, memory: blind.memory, now: 1_099, pods: pods(5, marked) });
  assert.equal(after.replicas, 5);
  assert.equal(decide({ replicas: 5, memory: blind.memory, now: 1_100, pods: pods(5, marked) }).replicas, 1);
});

Deno.test("the limits hold also while Coder cannot be asked", () => {
  assert.equal(decide({ replicas: 0, pods: [], jobs: undefined }).replicas, 1);
  assert.equal(decide({ replicas: 12, jobs: undefined }).replicas, 10);
});

Deno.test("a list that was cut off may bring more pods, never fewer", () => {
  assert.equal(decide({ replicas: 2, jobs: waiting(5), jobsComplete: false }).replicas, 5);
  assert.equal(
    decide({ replicas: 7, jobs: waiting(5), jobsComplete: false, pods: pods(7, marked) }).replicas,
    7,
  );
});

Deno.test("while pods are being replaced there may be more of them, but not fewer", () => {
  assert.equal(decide({ replicas: 2, rollingOut: true, jobs: waiting(4) }).replicas, 4);
  const decision = decide({ replicas: 4, rollingOut: true, pods: pods(4, marked) });
  assert.equal(decision.replicas, 4);
  assert.equal(decision.costs.length, 4);
  assert.match(decision.because, /being replaced/);
});

Deno.test("a lowered upper limit counts at once, and idle pods go first", () => {
  const decision = decide({
    replicas: 4,
    settings: { ...settings, maxReplicas: 2 },
    jobs: [job("running", "p0")],
  });
  assert.equal(decision.replicas, 2);
  assert.deepEqual(decision.costs.map(({ pod }) => pod), ["p1", "p2"]);
  assert.match(decision.because, /maxReplicas is 2/);
});
