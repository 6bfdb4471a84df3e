/** Whole answers about workspaces: from what Coder and Kubernetes say to what people read. */
import assert from "node:assert/strict";
import { diagnose } from "../engine.ts";
import { ago, ID, object, refused, TAGS } from "../rules/builds/testing.ts";
import { type FakeWorld, fakeWorld } from "../testing.ts";
import type { Diagnosis } from "../types.ts";

const SUBJECT = { kind: "workspace", namespace: "lab", name: "acme.ann.dev" } as const;
const ORGANIZATION = "/api/v2/organizations/acme-id";
const BUILD = "b0000000-0000-4000-8000-000000000004";
const LOG = `/api/v2/workspacebuilds/${BUILD}/logs`;
/** About so many bytes are 1,500 tokens. */
const MOST_BYTES = 5_000;

type Fields = Readonly<Record<string, unknown>>;

interface Setting {
  readonly build?: Fields;
  readonly job?: Fields;
  readonly agent?: Fields;
  readonly workspace?: Fields;
  /** Coder's other answers, by path. */
  readonly coder?: Fields;
  /** Of the aggregated object. */
  readonly status?: Parameters<typeof object>[0];
  readonly list?: FakeWorld["list"];
}

function recordOf({ build = {}, job = {}, agent, workspace = {} }: Setting) {
  const main = {
    id: "main-id",
    name: "main",
    status: "connected",
    lifecycle_state: "ready",
    created_at: ago(600),
    ...agent,
  };
  return {
    id: ID,
    name: "dev",
    owner_name: "ann",
    owner_id: "ann-id",
    organization_id: "acme-id",
    organization_name: "acme",
    template_name: "docker",
    ...workspace,
    latest_build: {
      id: BUILD,
      build_number: 4,
      transition: "start",
      status: "running",
      reason: "initiator",
      initiator_name: "ann",
      created_at: ago(620),
      template_version_name: "v2",
      job: {
        status: "succeeded",
        tags: TAGS,
        created_at: ago(620),
        started_at: ago(619),
        completed_at: ago(601),
        ...job,
      },
      resources: [{ agents: [main] }],
      ...build,
    },
  };
}

async function answer(setting: Setting): Promise<Diagnosis> {
  const answers: Fields = {
    [`/api/v2/workspaces/${ID}`]: recordOf(setting),
    [`${ORGANIZATION}/provisionerdaemons`]: [],
    [`${ORGANIZATION}/provisionerjobs`]: [],
    [LOG]: [],
    ...setting.coder,
  };
  const world = fakeWorld({
    get: (kind) => kind === "CoderWorkspace" ? object(setting.status) : undefined,
    list: setting.list ??
      ((kind) => kind === "CoderControlPlane" ? [{ metadata: { namespace: "lab", name: "coder" } }] : []),
    coder: (path) => answers[path],
  });
  const diagnosis = await diagnose(SUBJECT, world, { signal: new AbortController().signal });
  const { kubernetes, coder } = diagnosis.calls;
  assert.ok(kubernetes + coder <= 15, JSON.stringify(diagnosis.calls));
  const bytes = JSON.stringify(diagnosis).length;
  assert.ok(bytes <= MOST_BYTES, `${bytes} bytes`);
  return diagnosis;
}

/** `well` or `unwell`, the state, and the rules that found something. */
async function told(setting: Setting): Promise<string[]> {
  const { healthy, state, causes } = await answer(setting);
  return [`${healthy ? "well" : "unwell"}: ${state}`, ...causes.map(({ rule }) => rule)];
}

const stopped = { transition: "stop", status: "stopped", resources: [], reason: "autostop" };
const waiting: Setting = {
  build: { status: "pending", created_at: ago(90), resources: [] },
  job: { status: "pending", created_at: ago(90), started_at: null, completed_at: null },
};
const failing = (error: string, coder: Fields = {}): Setting => ({
  build: { status: "failed", resources: [] },
  job: { status: "failed", error, completed_at: ago(30) },
  coder,
});
const line = (output: string, log_level = "error") => ({
  created_at: ago(31),
  log_level,
  stage: "Starting workspace",
  output,
});

Deno.test("workspaces that are as they should be have no cause", async () => {
  assert.deepEqual(await told({}), ["well: It runs; agent main is connected."]);
  assert.deepEqual(await told({ build: stopped }), [
    "well: It was stopped by autostop at 2026-11-22T07:49:59Z.",
  ]);
  assert.deepEqual(
    await told({
      build: { status: "starting" },
      job: { status: "running", started_at: ago(20), completed_at: null },
      agent: { status: "connecting", created_at: ago(3) },
    }),
    ["well: It is being started since 2026-11-22T07:59:40Z."],
  );
  assert.deepEqual(
    await told({ agent: { status: "connecting", lifecycle_state: "created", created_at: ago(30) } }),
    [
      "well: It runs, but agent main has not connected yet since 2026-11-22T07:59:30Z.",
    ],
  );
});

Deno.test("a build that waits for nobody says for which tags", async () => {
  assert.deepEqual(await told(waiting), [
    "unwell: It waits for a provisioner with the tags env=gpu: none is connected.",
    "no-provisioner-for-tags",
  ]);
});

Deno.test("a build whose provisioners are all busy says so, and one that was just asked for does not", async () => {
  const daemons = [{ name: "prov-1", status: "busy", tags: TAGS, last_seen_at: ago(1) }];
  const coder = { [`${ORGANIZATION}/provisionerdaemons`]: daemons };
  const [state, ...rules] = await told({ ...waiting, coder });
  assert.match(state ?? "", /^unwell: It waits for a provisioner with the tags env=gpu since .* is busy\.$/);
  assert.deepEqual(rules, ["provisioners-all-busy"]);
  const young = { ...waiting, job: { ...waiting.job, created_at: ago(4) }, coder };
  assert.deepEqual((await answer(young)).causes, []);
});

Deno.test("a build that failed says why", async () => {
  const failed = "unwell: Its build 4 (start) failed at 2026-11-22T07:59:30Z.";
  const exit = "terraform apply: exit status 1";
  assert.deepEqual(await told(failing(exit, { [LOG]: [line("Error: no")] })), [failed, "terraform-error"]);
  assert.deepEqual(await told(failing(exit, { [LOG]: [line("Error: No value for required variable")] })), [
    failed,
    "missing-template-variable",
  ]);
  const quota = { [`${ORGANIZATION}/members/ann-id/workspace-quota`]: { credits_consumed: 9, budget: 9 } };
  const overQuota = await answer(failing("insufficient quota", quota));
  assert.deepEqual(overQuota.causes.map(({ rule }) => rule), ["workspace-over-quota"]);
  assert.match(overQuota.causes[0]?.cause ?? "", /\(9 of 9 credits are used\)\.$/);
  assert.deepEqual(await told(failing("Coder: Build has been detected as hung for 5 minutes")), [
    failed,
    "build-abandoned",
  ]);
  const canceled = failing(exit);
  assert.deepEqual(await told({ ...canceled, job: { ...canceled.job, canceled_at: ago(31) } }), [
    "unwell: Its build 4 (start) was cancelled at 2026-11-22T07:59:29Z.",
    "build-canceled",
  ]);
});

Deno.test("an agent that never came, is gone, or whose scripts failed is named", async () => {
  assert.deepEqual(await told({ agent: { status: "timeout", lifecycle_state: "created" } }), [
    "unwell: It runs, but agent main has never connected since 2026-11-22T07:50:00Z.",
    "agent-never-connected",
  ]);
  assert.deepEqual(await told({ agent: { status: "disconnected", disconnected_at: ago(70) } }), [
    "unwell: It runs, but agent main is disconnected since 2026-11-22T07:58:50Z.",
    "agent-lost",
  ]);
  const log = { "/api/v2/workspaceagents/main-id/logs": [{ level: "error", output: "no such file" }] };
  const scripts = await answer({ agent: { lifecycle_state: "start_error" }, coder: log });
  assert.deepEqual(scripts.causes.map(({ rule, evidence }) => [rule, evidence[0]?.quote]), [
    ["startup-script-failed", "no such file"],
  ]);
  assert.deepEqual(await told({ agent: { apps: [{ slug: "code", health: "unhealthy" }] } }), [
    "unwell: It runs; agent main is connected.",
    "app-unhealthy",
  ]);
});

Deno.test("a dormant workspace and a refused change are told, whatever else is so", async () => {
  assert.deepEqual(await told({ build: stopped, workspace: { dormant_at: ago(600) } }), [
    "unwell: It is dormant since 2026-11-22T07:50:00Z. It was stopped by autostop at 2026-11-22T07:49:59Z.",
    "workspace-dormant",
  ]);
  assert.deepEqual(await told({ status: refused("Only owners may.") }), [
    "unwell: It runs; agent main is connected.",
    "workspace-change-refused",
  ]);
});

Deno.test("two things that are wrong are both named", async () => {
  const failed = failing("terraform apply: exit status 1", { [LOG]: [line("Error: no")] });
  const { causes } = await answer({ ...failed, workspace: { dormant_at: ago(600) } });
  assert.deepEqual(causes.map(({ rule }) => rule).toSorted(), ["terraform-error", "workspace-dormant"]);
});

Deno.test("what keeps a pod from running comes before the agent that it keeps away", async () => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: "lab",
      name: "dev-0",
      creationTimestamp: ago(600),
      labels: { "com.coder.workspace.id": ID },
    },
    spec: { nodeName: "node-1", containers: [{ name: "dev", image: "registry.test/dev:gone" }] },
    status: {
      phase: "Pending",
      containerStatuses: [{
        name: "dev",
        image: "registry.test/dev:gone",
        state: {
          waiting: {
            reason: "ImagePullBackOff",
            message: 'Back-off pulling image "registry.test/dev:gone": manifest unknown: not found',
          },
        },
      }],
    },
  };
  const { causes } = await answer({
    agent: { status: "timeout", lifecycle_state: "created" },
    list: (kind) => kind === "Pod" ? [pod] : [],
  });
  const [first, second] = causes.map(({ rule }) => rule);
  assert.match(first ?? "", /^image-/);
  assert.equal(second, "agent-never-connected");
});

Deno.test("whatever a log says, its words are evidence of at most a few lines", async () => {
  const log = Array.from({ length: 3_000 }, (_, index) => line(`Error: trouble ${index} ${"x".repeat(300)}`));
  const { causes: [first] } = await answer(failing("terraform apply: exit status 1", { [LOG]: log }));
  assert.equal(first?.rule, "terraform-error");
  assert.ok((first?.evidence.length ?? 9) <= 3);
  assert.ok(first?.evidence.every(({ quote }) => quote.length <= 400));
});
