import assert from "node:assert/strict";
import {
  type Daemon,
  daemonNames,
  IDLE_COST,
  markIdle,
  type PodWork,
  type ProvisionerPod,
  sortPods,
} from "./idle_pods.ts";
import type { ProvisionerJob } from "./job_match.ts";

const queue = { organizationID: "o", tags: {}, keyIDs: ["key-1"] };

function pod(name: string, fields: Partial<ProvisionerPod> = {}): ProvisionerPod {
  return { name, deleting: false, ...fields };
}

function running(workerName: string, fields: Partial<ProvisionerJob> = {}): ProvisionerJob {
  const tags = { scope: "organization", owner: "" };
  return { id: `job-${workerName}`, organizationID: "o", status: "running", tags, workerName, ...fields };
}

function sorted(pods: ProvisionerPod[], jobs: ProvisionerJob[], daemons: Daemon[] = []) {
  const { idle, busy, running } = sortPods({ pods, jobs, daemons, queue });
  return { idle: idle.map(({ name }) => name), busy: busy.map(({ name }) => name), running };
}

Deno.test("the pod that a running job names is busy, the others are idle", () => {
  assert.deepEqual(sorted([pod("a"), pod("b")], [running("a")]), { idle: ["b"], busy: ["a"], running: 1 });
});

Deno.test("a job of somebody else's daemon is not ours, whatever its tags", () => {
  assert.deepEqual(sorted([pod("a")], [running("elsewhere")]), { idle: ["a"], busy: [], running: 0 });
});

Deno.test("jobs that are over or wait keep no pod busy", () => {
  const jobs = ["pending", "succeeded", "failed"].map((status) => running("a", { status }));
  assert.deepEqual(sorted([pod("a")], jobs), { idle: ["a"], busy: [], running: 0 });
});

Deno.test("the job of a pod that is on its way out asks for no pod that stays", () => {
  const pods = [pod("a", { deleting: true }), pod("b")];
  assert.deepEqual(sorted(pods, [running("a")]), { idle: ["b"], busy: [], running: 0 });
});

Deno.test("a daemon that says it is busy counts before its job is listed", () => {
  const daemons = [{ name: "a", status: "busy" }, { name: "b", status: "idle" }];
  assert.deepEqual(sorted([pod("a"), pod("b")], [], daemons), { idle: ["b"], busy: ["a"], running: 0 });
});

Deno.test("where an older Coder does not tell who works on a job, it may be any pod", () => {
  const pods = [pod("a"), pod("b")];
  assert.deepEqual(sorted(pods, [running("")]), { idle: [], busy: ["a", "b"], running: 1 });
  const other = running("", { organizationID: "p" });
  assert.deepEqual(sorted(pods, [other]), { idle: ["a", "b"], busy: [], running: 0 });
});

Deno.test("the daemons' own words tell idle pods also then", () => {
  const daemons = [{ name: "a", status: "idle" }, { name: "b", status: "busy" }];
  assert.deepEqual(sorted([pod("a"), pod("b")], [running("")], daemons), {
    idle: ["a"],
    busy: ["b"],
    running: 1,
  });
});

Deno.test("a daemon with our key and a name of its own keeps every unknown pod busy while it works", () => {
  const daemons = [{ name: "builder", status: "busy", keyID: "key-1" }];
  assert.deepEqual(sorted([pod("a")], [running("builder")], daemons), { idle: [], busy: ["a"], running: 1 });
  const strange = [{ name: "builder", status: "busy", keyID: "key-2" }];
  assert.deepEqual(sorted([pod("a")], [running("builder")], strange), { idle: ["a"], busy: [], running: 0 });
  const gone = [{ name: "builder", status: "offline", keyID: "key-1" }];
  assert.deepEqual(sorted([pod("a")], [running("builder")], gone), { idle: ["a"], busy: [], running: 0 });
});

Deno.test("without known keys nobody else's job is taken for ours", () => {
  const daemons = [{ name: "builder", status: "busy", keyID: "key-1" }];
  const facts = { pods: [pod("a")], jobs: [running("builder")], daemons };
  assert.equal(sortPods({ ...facts, queue: { organizationID: "o", tags: {} } }).running, 0);
});

Deno.test("a name with a dot is known by its first part, too, and then all pods of it are busy", () => {
  assert.deepEqual(daemonNames("my.prov-1"), ["my.prov-1", "my"]);
  assert.deepEqual(daemonNames("prov-1"), ["prov-1"]);
  const pods = [pod("my.prov-1"), pod("my.prov-2"), pod("other")];
  assert.deepEqual(sorted(pods, [running("my")]).busy, ["my.prov-1", "my.prov-2"]);
  assert.deepEqual(sorted(pods, [running("my.prov-2")]).busy, ["my.prov-2"]);
});

const marked = { deletionCost: IDLE_COST };
const work = (idle: ProvisionerPod[], busy: ProvisionerPod[] = []): PodWork => ({ idle, busy, running: 0 });

Deno.test("as many idle pods are marked as are to go", () => {
  const { changes, settled } = markIdle(work([pod("c"), pod("a"), pod("b")]), 2);
  assert.deepEqual(changes, [{ pod: "a", cost: IDLE_COST }, { pod: "b", cost: IDLE_COST }]);
  assert.equal(settled, false);
});

Deno.test("marks that are there are kept, so that nothing is written twice", () => {
  const marking = markIdle(work([pod("a"), pod("b", marked)]), 1);
  assert.deepEqual(marking, { changes: [], settled: true });
});

Deno.test("a pod that has found work loses its mark, and until then nothing is settled", () => {
  const { changes, settled } = markIdle(work([pod("b", marked)], [pod("a", marked)]), 1);
  assert.deepEqual(changes, [{ pod: "a", cost: undefined }]);
  assert.equal(settled, false);
});

Deno.test("marks that nobody needs any more go", () => {
  const marking = markIdle(work([pod("a", marked), pod("b", marked)]), 1);
  assert.deepEqual(marking, { changes: [{ pod: "b", cost: undefined }], settled: true });
});

Deno.test("a cost that somebody else set is left alone", () => {
  const foreign = { deletionCost: "7" };
  const marking = markIdle(work([pod("a", foreign)], [pod("b", foreign)]), 1);
  assert.deepEqual(marking, { changes: [], settled: true });
});
