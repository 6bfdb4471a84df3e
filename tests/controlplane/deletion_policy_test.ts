/** What becomes of workspaces and templates when their control plane is deleted, on a real cluster. */
import assert from "node:assert/strict";
import { reachStep } from "../../src/controlplane/coder/reach_step.ts";
import { contentsFirst } from "../../src/controlplane/deletion/contents_first.ts";
import { sideBySide, waitFor } from "../cluster/mod.ts";
import { plainTemplate, startCoderd, startPostgres } from "../coder/mod.ts";
import {
  addTemplate,
  addWorkspace,
  endBuild,
  type FakeCoder,
  pickUpBuild,
  startFakeCoder,
} from "../fake-coder/mod.ts";
import { isActive } from "../fake-coder/life.ts";
import { type Operator, type Rig, startRig } from "./rig.ts";

const PATH = "coder.com/v1alpha1/codercontrolplanes/coder";
const POLICY = "coder.com/deletion-policy";

type Row = Record<string, unknown>;

/** A control plane whose Coder is a fake one, with a template and workspaces, and the operator's token for it. */
async function filled(rig: Rig, fake: FakeCoder, annotations: Record<string, string>): Promise<Row[]> {
  const { user, token } = fake.state.addOwner();
  addTemplate(fake.state, "docker");
  const workspaces = ["dev", "web", "api"].map((name) => addWorkspace(fake.state, user, name));
  const { metadata } = await rig.create("coder");
  await rig.change("coder", {
    metadata: { annotations, finalizers: ["coder.com/workspace-rbac-cleanup"] },
  });
  await rig.send("POST", "v1/secrets", {
    metadata: {
      name: "coder-operator-token",
      ownerReferences: [{
        apiVersion: "coder.com/v1alpha1",
        kind: "CoderControlPlane",
        name: "coder",
        uid: metadata.uid,
        controller: true,
      }],
    },
    data: { token: btoa(token) },
  });
  return workspaces;
}

/** An operator that deletes what is in Coder, and has no access of its own to end. */
function operatorFor(rig: Rig, fake: FakeCoder): Promise<Operator> {
  const access = { name: "Access", run: () => Promise.resolve(), end: () => Promise.resolve() };
  return rig.operator({
    endpoints: { coder: fake.url },
    visits: { steps: [reachStep(), contentsFirst(access)] },
  });
}

const remove = (rig: Rig) => rig.send("DELETE", PATH);
const gone = (rig: Rig) =>
  waitFor(async () => (await rig.controlPlane("coder")) === undefined, {
    what: "the control plane to go",
    timeoutMs: 60_000,
  });

/** Waits until its condition has a reason; its message. */
function said(rig: Rig, reason: string): Promise<string> {
  return waitFor(async () => {
    const conditions = (await rig.controlPlane("coder"))?.status?.conditions ?? [];
    const found = conditions.find(({ type }) => type === "ContentsDeletion");
    if (found?.reason === reason) return found.message;
    throw new Error(JSON.stringify(found));
  }, { what: `the deletion to be ${reason}`, timeoutMs: 60_000 });
}

/** Waits for an Event; its note. */
function event(rig: Rig, reason: string): Promise<string> {
  return waitFor(async () => {
    const { items } = await rig.get("events.k8s.io/v1/events");
    return items.find((each: Row) => each["reason"] === reason)?.note as string | undefined;
  }, { what: `the Event ${reason}`, timeoutMs: 60_000 });
}

const buildsOf = (fake: FakeCoder) =>
  fake.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/builds")).length;
const isBuilding = (row: Row) => isActive(row["latest_build"] as Row);

/** Ends builds that are active, as provisioners do. */
function end(fake: FakeCoder, rows: readonly Row[], failure?: string): void {
  for (const row of rows.filter(isBuilding)) {
    pickUpBuild(fake.state, row);
    endBuild(fake.state, row, failure);
  }
}

function untilBuilding(rows: readonly Row[]): Promise<boolean> {
  return waitFor(() => Promise.resolve(rows.every(isBuilding)), { what: "delete builds", timeoutMs: 60_000 });
}

sideBySide("what is in Coder when its control plane is deleted", {
  async "Orphan, and what nobody has set, leaves everything in Coder"() {
    const rig = await startRig("orphan");
    await using fake = await startFakeCoder();
    await filled(rig, fake, {});
    await using _operator = await operatorFor(rig, fake);
    await rig.condition("coder", "Ready", "True");
    await remove(rig);
    await gone(rig);
    assert.deepEqual(fake.requests.filter(({ method }) => method !== "GET"), []);
    assert.equal(fake.state.workspaces.length + fake.state.templates.length, 4);
    const reasons = await rig.eventReasons("coder");
    assert.deepEqual(reasons.filter((reason) => /Contents/.test(reason)), []);
    fake.assertClean();
  },

  async "a policy that nobody knows is warned of, and deletes nothing"() {
    const rig = await startRig("unknown-policy");
    await using fake = await startFakeCoder();
    await filled(rig, fake, { [POLICY]: "delete" });
    await using _operator = await operatorFor(rig, fake);
    const { reason } = await rig.condition("coder", "ConfigurationWarning", "True");
    assert.match(reason, /DeletionPolicyUnknown/);
    assert.match(await event(rig, "ConfigurationWarning"), /counts as Orphan/);
    await remove(rig);
    await gone(rig);
    assert.equal(buildsOf(fake), 0);
  },

  async "Delete goes on over failed builds, a new operator, and a Coder that is away for a while"() {
    const rig = await startRig("delete-policy");
    await using fake = await startFakeCoder();
    const rows = await filled(rig, fake, { [POLICY]: "Delete" });
    const [dev = {}, web = {}, api = {}] = rows;
    {
      await using _first = await operatorFor(rig, fake);
      await rig.condition("coder", "Ready", "True");
      await remove(rig);
      await untilBuilding(rows);
      await said(rig, "Deleting");
    }
    assert.equal(buildsOf(fake), 3);
    await using _second = await operatorFor(rig, fake);
    end(fake, [web]);
    end(fake, [dev], "no rights in the cloud");
    await waitFor(
      async () => /^Left in Coder: 2 workspaces \(admin\/api, admin\/dev\)/.test(await said(rig, "Deleting")),
      { what: "one to be gone, and the failed one to be tried again", timeoutMs: 60_000 },
    );
    await untilBuilding([dev, api]);
    assert.equal(buildsOf(fake), 4, "one build each, and one more for the one that failed");
    await fake.stop();
    assert.match(
      await said(rig, "CoderAway"),
      /^Left in Coder: 2 workspaces .*coder\.com\/deletion-policy=Orphan$/,
    );
    await fake.start();
    end(fake, [dev], "no rights in the cloud");
    assert.match(await said(rig, "DeletionFails"), /admin\/dev failed: no rights in the cloud/);
    assert.match(await event(rig, "ContentsDeletionFailed"), /no rights in the cloud/);
    await untilBuilding([dev, api]);
    end(fake, [dev, api]);
    await gone(rig);
    assert.deepEqual(rows.map((row) => row["deleted"]), [true, true, true]);
    assert.deepEqual(fake.state.templates, []);
    assert.equal(buildsOf(fake), 5);
    assert.match(await event(rig, "ContentsDeleted"), /All workspaces and templates/);
    fake.assertClean();
  },

  async "when its time is over, or the policy is changed, a control plane goes, and what is left is named"() {
    for (const way of ["timeout", "policy"] as const) {
      const rig = await startRig(`left-${way}`);
      await using fake = await startFakeCoder();
      const rows = await filled(rig, fake, { [POLICY]: "Delete" });
      await using _operator = await operatorFor(rig, fake);
      await rig.condition("coder", "Ready", "True");
      await remove(rig);
      await untilBuilding(rows);
      // A time that is given only now cannot be over before the builds have begun.
      const begun = Date.parse((await rig.controlPlane("coder"))?.metadata.deletionTimestamp ?? "");
      const seconds = Math.ceil((Date.now() - begun) / 1_000) + 3;
      const annotations = way === "policy"
        ? { [POLICY]: "Orphan" }
        : { "coder.com/deletion-timeout": `${seconds}s` };
      await rig.change("coder", { metadata: { annotations } });
      await gone(rig);
      const why = way === "policy" ? /left there now/ : /the time for it is over/;
      const note = await event(rig, "ContentsLeft");
      assert.match(note, why);
      assert.match(
        note,
        /^Left in Coder: (unknown|3 workspaces \(admin\/api, admin\/dev, admin\/web\), 1 template)/,
      );
      assert.equal(buildsOf(fake), 3);
    }
  },

  async "with its namespace, and so with its Coder, a control plane goes as well"() {
    const rig = await startRig("delete-namespace");
    await using fake = await startFakeCoder();
    await filled(rig, fake, { [POLICY]: "Delete" });
    await using _operator = await operatorFor(rig, fake);
    await rig.condition("coder", "Ready", "True");
    await fake.stop();
    await rig.cluster.request("DELETE", `/api/v1/namespaces/${rig.namespace}`);
    await waitFor(async () => await rig.cluster.find(`/api/v1/namespaces/${rig.namespace}`) === undefined, {
      what: "the namespace to go",
      timeoutMs: 120_000,
      intervalMs: 200,
    });
    await fake.start();
    assert.equal(fake.state.workspaces.length, 3);
  },

  async "of a real Coder, Orphan leaves all, and Delete leaves nothing"() {
    const rig = await startRig("delete-real");
    await using postgres = await startPostgres();
    await using coderd = await startCoderd({ postgres, restartAfter: 1 });
    const { token } = await coderd.firstUser();
    const [one, two] = [
      await coderd.createTemplate({ files: plainTemplate() }),
      await coderd.createTemplate({ files: plainTemplate() }),
    ];
    const names = await Promise.all(
      [one, one, two].map(async (template) => (await coderd.createWorkspace({ template })).name),
    );
    const inCoder = async () => {
      const { workspaces } = await coderd.request("GET", "/api/v2/workspaces", { token });
      const templates = await coderd.request("GET", "/api/v2/templates", { token });
      return [...workspaces, ...templates].map(({ name }: { name: string }) => name).sort();
    };
    const all = await inCoder();
    assert.equal(all.length, 5);
    await using _operator = await rig.operator({ endpoints: { coder: coderd.url } });
    const spec = { extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value: coderd.databaseUrl }] };
    for (const policy of ["Orphan", "Delete"]) {
      await rig.create("coder", spec);
      await rig.change("coder", { metadata: { annotations: { [POLICY]: policy } } });
      await rig.condition("coder", "OperatorAccess", "True");
      assert.deepEqual(await inCoder(), all);
      await remove(rig);
      await waitFor(async () => (await rig.controlPlane("coder")) === undefined, {
        what: `the control plane to go (${policy})`,
        timeoutMs: 180_000,
        intervalMs: 200,
      });
    }
    assert.deepEqual(await inCoder(), []);
    assert.match(await event(rig, "ContentsDeleted"), /All workspaces and templates/);
    const builds = await coderd.sql(
      "select w.name, count(*) as n from workspace_builds b join workspaces w on w.id = b.workspace_id " +
        "where b.transition = 'delete' group by w.name",
    );
    assert.deepEqual(
      builds.map(({ name, n }) => `${name} ${n}`).sort(),
      names.map((name) => `${name} 1`).sort(),
      "one delete build each",
    );
    const keys = await coderd.sql(
      "select k.id from api_keys k join users u on u.id = k.user_id where u.username = 'coder-k8s-operator'",
    );
    assert.deepEqual(keys, [], "the operator's token went last");
  },
});
