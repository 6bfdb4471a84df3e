import assert from "node:assert/strict";
import { CoderApiError } from "../../coder/mod.ts";
import { toolRig } from "../testing.ts";
import { extendWorkspace } from "./workspace_extend.ts";
import { FakeCluster, fakeCoders, workspaceOf } from "./workspace_testing.ts";

const DEV = { namespace: "lab", name: "acme.ann.dev" };
const DUE = "2026-11-22T05:00:00Z";
const due = (status = {}) =>
  workspaceOf("acme.ann.dev", { status: { deadline: DUE, autoShutdown: DUE, ...status } });

function rigOf(user?: string, fails?: Error) {
  const cluster = new FakeCluster(due());
  const extended: string[] = [];
  const coders = fakeCoders({
    workspaceChanges: {
      extend(id, deadline) {
        if (fails !== undefined) return Promise.reject(fails);
        extended.push(`${id} ${deadline.toISOString()}`);
        return Promise.resolve();
      },
    },
  }, user);
  return { cluster, coders, extended, rig: toolRig({ cluster, coders }) };
}

Deno.test("the stop is put off by minutes, whenever that is confirmed", async () => {
  const { rig, extended, coders } = rigOf("ann");
  const { plan, done } = await rig.carriesOut(extendWorkspace, { ...DEV, minutes: 90 });
  assert.equal(
    (plan.output["plan"] as { summary: string }).summary,
    "Stop the workspace lab/acme.ann.dev at 2026-11-22T06:30:00Z, not at 2026-11-22T05:00:00Z",
  );
  assert.deepEqual(done.output, {
    workspace: {
      name: "acme.ann.dev",
      namespace: "lab",
      running: true,
      autoShutdown: "2026-11-22T06:30:00Z",
      state: "running",
    },
    deadline: "2026-11-22T06:30:00Z",
    updated: true,
  });
  assert.deepEqual(extended, ["uid-acme.ann.dev 2026-11-22T06:30:00.000Z"]);
  assert.deepEqual(coders.opened, [{ namespace: "lab", controlPlane: "coder" }]);
});

Deno.test("or to a time; what is so already is no change", async () => {
  const { rig, extended } = rigOf();
  const same = await rig.run(extendWorkspace, { ...DEV, deadline: "2026-11-22T06:00:00+01:00" });
  assert.deepEqual([same.output["updated"], same.output["plan"]], [false, undefined]);
  const { done } = await rig.carriesOut(extendWorkspace, { ...DEV, deadline: "2026-11-22T09:00:00Z" });
  assert.deepEqual(extended, ["uid-acme.ann.dev 2026-11-22T09:00:00.000Z"]);
  assert.match(done.text, /Note: In Coder it was done by the operator's user\.$/);
});

Deno.test("what cannot be is refused in the plan", async () => {
  const { rig, cluster } = rigOf();
  const refused = async (more: object) => (await rig.refuses(extendWorkspace, { ...DEV, ...more })).message;
  assert.match(await refused({}), /^extend CoderWorkspace lab\/acme\.ann\.dev: give minutes or deadline$/);
  assert.match(await refused({ minutes: 1, deadline: DUE }), /give minutes or deadline/);
  assert.match(await refused({ deadline: "soon" }), /"soon" is no time/);
  cluster.put(due({ maxDeadline: "2026-11-22T05:30:00Z" }));
  assert.match(await refused({ minutes: 60 }), /cannot be put off beyond 2026-11-22T05:30:00Z/);
  cluster.put(workspaceOf("acme.ann.dev"));
  assert.match(await refused({ minutes: 60 }), /no stop is due/);
  cluster.allowed = false;
  assert.match(await refused({ minutes: 60 }), /^update CoderWorkspace lab\/acme\.ann\.dev: you may not$/);
});

Deno.test("Coder's own refusals are told", async () => {
  const call = { method: "PUT", route: "/extend" };
  const { rig } = rigOf(undefined, new CoderApiError("too soon", { kind: "invalid", status: 400, call }));
  const input = { ...DEV, minutes: 5 };
  const { planToken } = (await rig.run(extendWorkspace, input)).output["plan"] as { planToken: string };
  const error = await rig.refuses(extendWorkspace, { ...input, planToken });
  assert.deepEqual([error.code, error.message], [
    "invalid",
    "extend CoderWorkspace lab/acme.ann.dev: too soon",
  ]);
});
