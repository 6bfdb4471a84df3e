import assert from "node:assert/strict";
import { toolRig } from "../testing.ts";
import { createWorkspace, deleteWorkspace, updateWorkspace } from "./workspace_changes.ts";
import { apiError, FakeCluster, fakeCoders, templateOf, workspaceOf } from "./workspace_testing.ts";

const DEV = { namespace: "lab", name: "acme.ann.dev" };
const VERSION = "86bac0d4-f0b5-4f8b-95b3-654e0961acde";
const OTHER = "76071c53-c712-450e-9cac-0427bca23b28";
const PRESET = "458e17ba-e854-430c-818b-e0168b017a1a";
const planOf = ({ output }: { output: Record<string, unknown> }) =>
  output["plan"] as { summary: string; diff?: string; planToken: string };

/** A Coder with a version and a preset of the template. */
const coders = (user?: string) =>
  fakeCoders({
    templates: {
      versionNamed: (_template, name) =>
        Promise.resolve(name === "v2" ? { id: VERSION } as never : undefined),
      version: (id) => Promise.resolve({ template_id: id === VERSION ? "uid-acme.docker" : "x" } as never),
    },
    templateInputs: {
      presets: () => Promise.resolve([{ id: PRESET, name: "Large", parameters: [], isDefault: false }]),
    },
  }, user);

Deno.test("a workspace is made as its plan said", async () => {
  const cluster = new FakeCluster(templateOf("acme.docker", VERSION));
  const rig = toolRig({ cluster, coders: coders("ann") });
  const input = {
    ...DEV,
    template: "docker",
    version: "v2",
    preset: "Large",
    parameters: { cpus: "4" },
    ttlMinutes: 60,
    autostart: "30 9 * * 1-5",
    running: false,
  };
  const { plan, done } = await rig.carriesOut(createWorkspace, input);
  assert.equal(planOf(plan).summary, "Create the workspace lab/acme.ann.dev from the template docker");
  assert.equal(
    planOf(plan).diff,
    [
      '+autostartSchedule: "30 9 * * 1-5"',
      "+parameters:",
      '+  cpus: "4"',
      `+presetID: ${PRESET}`,
      "+running: false",
      "+templateName: docker",
      `+templateVersionID: ${VERSION}`,
      "+ttlMillis: 3600000",
    ].join("\n"),
  );
  assert.equal(done.changed, true);
  assert.deepEqual(cluster.workspace("acme.ann.dev")?.spec.parameters, { cpus: "4" });
  assert.deepEqual(cluster.calls.filter((call) => call.startsWith("create")), [
    "create acme.ann.dev (dry)",
    "create acme.ann.dev (dry)",
    "create acme.ann.dev",
  ]);
  const taken = await rig.refuses(createWorkspace, input);
  assert.deepEqual([taken.code, taken.message], [
    "conflict",
    "create CoderWorkspace lab/acme.ann.dev: refused",
  ]);
});

Deno.test("a template whose active version is another one by then makes another workspace", async () => {
  const cluster = new FakeCluster(templateOf("acme.docker", VERSION));
  const rig = toolRig({ cluster });
  const input = { ...DEV, template: "docker" };
  const { planToken } = planOf(await rig.run(createWorkspace, input));
  cluster.put(templateOf("acme.docker", OTHER));
  assert.equal((await rig.refuses(createWorkspace, { ...input, planToken })).code, "conflict");
});

Deno.test("versions and presets have names", async () => {
  const cluster = new FakeCluster(templateOf("acme.docker", VERSION));
  const own = coders();
  const rig = toolRig({ cluster, coders: own });
  const create = (more: object) => rig.run(createWorkspace, { ...DEV, template: "docker", ...more });
  assert.match(planOf(await create({ version: "active" })).diff ?? "", new RegExp(VERSION));
  assert.match(planOf(await create({ version: OTHER })).diff ?? "", new RegExp(OTHER));
  assert.match(planOf(await create({ preset: OTHER })).diff ?? "", new RegExp(OTHER));
  assert.deepEqual(own.opened, []);
  assert.match(planOf(await create({ preset: "Large" })).diff ?? "", new RegExp(PRESET));
  const refused = async (more: object) =>
    (await rig.refuses(createWorkspace, { ...DEV, template: "docker", ...more })).message;
  assert.match(await refused({ version: "v9" }), /acme\.docker has no version "v9"/);
  assert.match(await refused({ preset: "Huge" }), /there is no "Huge"; there are: Large/);
  // Presets of other templates are not told.
  assert.match(await refused({ preset: "Large", version: OTHER }), /there are: none/);
  assert.match(await refused({ version: "v2", template: "none" }), /version: its template is not there/);
  assert.match(await refused({ preset: "Large", template: "none" }), /preset: its template is not there/);
});

Deno.test("templates of the control plane that the name says, and no template where it is not clear", async () => {
  const label = "aggregation.coder.com/control-plane-name";
  const cluster = new FakeCluster(
    templateOf("one.acme.docker", VERSION, { [label]: "one" }),
    templateOf("two.acme.docker", OTHER, { [label]: "two" }),
  );
  const rig = toolRig({ cluster });
  const of = async (name: string) =>
    await rig.run(createWorkspace, { ...DEV, name, template: "docker", version: "active" });
  assert.match(planOf(await of("two.acme.ann.dev")).diff ?? "", new RegExp(OTHER));
  const unclear = await rig.refuses(createWorkspace, { ...DEV, template: "docker", version: "active" });
  assert.equal(unclear.code, "not_found");
  cluster.trouble = (call) => call.startsWith("list codertemplates") ? apiError(403, "Forbidden") : undefined;
  assert.equal((await rig.run(createWorkspace, { ...DEV, template: "docker" })).changed, false);
  cluster.trouble = (call) => call.startsWith("list codertemplates") ? apiError(503, "", "away") : undefined;
  const away = await rig.refuses(createWorkspace, { ...DEV, template: "docker" });
  assert.equal(away.message, "create CoderWorkspace lab/acme.ann.dev: away");
  cluster.trouble = () => undefined;
  assert.equal(
    (await rig.run(createWorkspace, { ...DEV, name: "a=b.c.d", template: "docker" })).changed,
    false,
  );
});

Deno.test("schedule and parameters are changed, and nothing else", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev", { spec: { ttlMillis: 60_000 } }));
  const rig = toolRig({ cluster });
  const { plan, done } = await rig.carriesOut(updateWorkspace, { ...DEV, ttlMinutes: 0, autostart: "" });
  assert.deepEqual([planOf(plan).summary, planOf(plan).diff], [
    "Update the workspace lab/acme.ann.dev",
    '+autostartSchedule: ""\n-ttlMillis: 60000\n+ttlMillis: 0',
  ]);
  assert.deepEqual(cluster.workspace("acme.ann.dev")?.spec, {
    organization: "acme",
    templateName: "docker",
    running: true,
    ttlMillis: 0,
    autostartSchedule: "",
  });
  assert.equal(done.output["updated"], true);
  const again = await rig.run(updateWorkspace, { ...DEV, ttlMinutes: 0 });
  assert.deepEqual([again.output["updated"], again.output["plan"]], [false, undefined]);
  const restarts = planOf(await rig.run(updateWorkspace, { ...DEV, parameters: { cpus: "4" } }));
  assert.equal(restarts.summary, "Update the workspace lab/acme.ann.dev (it restarts)");
  cluster.put(workspaceOf("acme.ann.dev", { spec: { running: false } }));
  const anew = planOf(await rig.run(updateWorkspace, { ...DEV, parameters: { cpus: "4" } }));
  assert.equal(anew.summary, "Update the workspace lab/acme.ann.dev (it is built anew)");
  assert.match((await rig.refuses(updateWorkspace, DEV)).message, /^say what to change/);
});

Deno.test("a new schedule does not depend on builds, a new version does", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev"), templateOf("acme.docker", VERSION));
  const rig = toolRig({ cluster });
  const schedule = { ...DEV, ttlMinutes: 5 };
  const version = { ...DEV, version: "active" };
  const tokens = [schedule, version].map(async (input) =>
    planOf(await rig.run(updateWorkspace, input)).planToken
  );
  const [first, second] = await Promise.all(tokens);
  cluster.put(workspaceOf("acme.ann.dev", { status: { latestBuildID: "build-2" } }));
  assert.equal((await rig.refuses(updateWorkspace, { ...version, planToken: second })).code, "conflict");
  assert.equal((await rig.run(updateWorkspace, { ...schedule, planToken: first })).changed, true);
  const { done } = await rig.carriesOut(updateWorkspace, version);
  assert.equal(done.changed, true);
  assert.equal(cluster.workspace("acme.ann.dev")?.spec.templateVersionID, VERSION);
});

Deno.test("a workspace is deleted once that was confirmed", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
  const rig = toolRig({ cluster });
  const { plan, done } = await rig.carriesOut(deleteWorkspace, DEV);
  assert.equal(
    planOf(plan).summary,
    "Delete the workspace lab/acme.ann.dev of ann (template docker) and what it holds; this cannot be undone",
  );
  assert.deepEqual([plan.output["deleting"], done.output["deleting"]], [false, true]);
  assert.equal(cluster.workspace("acme.ann.dev"), undefined);
  assert.deepEqual(cluster.calls.filter((call) => call.startsWith("delete")), [
    "delete lab/acme.ann.dev uid-acme.ann.dev (dry)",
    "delete lab/acme.ann.dev uid-acme.ann.dev (dry)",
    "delete lab/acme.ann.dev uid-acme.ann.dev",
  ]);
});

Deno.test("what is being deleted already needs no plan", async () => {
  const metadata = { deletionTimestamp: "2026-11-22T04:00:00Z" };
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev", { metadata }));
  const { output } = await toolRig({ cluster }).run(deleteWorkspace, DEV);
  assert.deepEqual([output["deleting"], output["plan"]], [true, undefined]);
  assert.equal((output["workspace"] as { state: string }).state, "deleting");
});

Deno.test("a deletion whose end cannot be looked at is told all the same, or fails with the reason", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
  const rig = toolRig({ cluster });
  cluster.trouble = (call, times) =>
    call === "get lab/acme.ann.dev" && times > 3 ? apiError(503, "", "away") : undefined;
  const { planToken } = planOf(await rig.run(deleteWorkspace, DEV));
  assert.equal((await rig.refuses(deleteWorkspace, { ...DEV, planToken })).code, "unavailable");
});
