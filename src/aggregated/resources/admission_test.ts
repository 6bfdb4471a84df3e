import assert from "node:assert/strict";
import { NAMESPACE, startWriteRig } from "../../../tests/aggregated/write_rig.ts";
import { CoderTemplates } from "../../api/template.ts";
import { CoderWorkspaces } from "../../api/workspace.ts";
import { KubeApiError, KubeConnectionError } from "../../kube/errors.ts";
import { StatusError } from "../serving/status_errors.ts";
import { admitted } from "./admission.ts";
import type { NamespaceState } from "./write_world.ts";

const signal = new AbortController().signal;

/** What the API server says of every namespace, and which were asked for. */
function world(state: NamespaceState | Error) {
  const asked: string[] = [];
  return {
    asked,
    namespaceState(namespace: string): Promise<NamespaceState> {
      asked.push(namespace);
      return state instanceof Error ? Promise.reject(state) : Promise.resolve(state);
    },
  };
}

async function refused(run: Promise<unknown>): Promise<StatusError> {
  try {
    await run;
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
    return error;
  }
  throw new Error("nothing was refused");
}

Deno.test("in an active namespace everything goes, and the API server is asked each time", async () => {
  const active = world("active");
  for (const verb of ["create", "update", "delete"] as const) {
    assert.equal(
      await admitted(CoderWorkspaces, verb, { namespace: "lab", name: "x" }, { signal }, active),
      "yes",
    );
  }
  assert.deepEqual(active.asked, ["lab", "lab", "lab"]);
});

Deno.test("changes where the namespace is known to be active ask nothing; what is made or deleted asks all the same", async () => {
  const ending = world("ending");
  const key = { namespace: "lab", name: "x" };
  const known = (isActive: boolean) => ({ ...ending, isActive: () => isActive });
  assert.equal(await admitted(CoderWorkspaces, "update", key, { signal }, known(true)), "yes");
  assert.deepEqual(ending.asked, []);
  assert.equal((await refused(admitted(CoderWorkspaces, "create", key, { signal }, known(true)))).code, 403);
  assert.equal(await admitted(CoderWorkspaces, "delete", key, { signal }, known(true)), "ending");
  assert.equal((await refused(admitted(CoderWorkspaces, "update", key, { signal }, known(false)))).code, 403);
  assert.deepEqual(ending.asked, ["lab", "lab", "lab"]);
});

Deno.test("in one that is being deleted nothing is made or changed, in the API server's own words, and deletes go", async () => {
  const key = { namespace: "lab", name: "acme.docker" };
  const ending = world("ending");
  for (const verb of ["create", "update"] as const) {
    const { code, status } = await refused(admitted(CoderTemplates, verb, key, { signal }, ending));
    assert.equal(code, 403);
    assert.equal(
      status.message,
      `codertemplates.aggregation.coder.com "acme.docker" is forbidden: unable to ${verb} new content in ` +
        "namespace lab because it is being terminated",
    );
    assert.deepEqual(status.details?.causes, [{
      reason: "NamespaceTerminating",
      message: "namespace lab is being terminated",
      field: "metadata.namespace",
    }]);
  }
  const nameless = await refused(
    admitted(CoderTemplates, "create", { ...key, name: "" }, { signal }, ending),
  );
  assert.match(nameless.message, /^codertemplates.aggregation.coder.com is forbidden: /);
  assert.equal(await admitted(CoderTemplates, "delete", key, { signal }, ending), "ending");
});

Deno.test("a namespace that is not there is not found, and one of which nobody knows refuses", async () => {
  const key = { namespace: "lab", name: "x" };
  const { code, status } = await refused(
    admitted(CoderWorkspaces, "delete", key, { signal }, world("missing")),
  );
  assert.deepEqual([code, status.message], [404, 'namespaces "lab" not found']);
  const away = new Error("the API server is away");
  await assert.rejects(admitted(CoderWorkspaces, "delete", key, { signal }, world(away)), away);
});

Deno.test("where the API server does not say how a namespace fares, nothing is done, and why is told", async () => {
  const key = { namespace: "lab", name: "x" };
  const call = { method: "GET", path: "/" };
  for (
    const [error, why] of [
      [
        new KubeApiError(403, "Forbidden", "no", call),
        /coder-k8s may not get it: its role needs that right$/,
      ],
      [new KubeApiError(500, "InternalError", "no", call), /the cluster's API server does not say$/],
      [
        new KubeConnectionError("connection refused to 10.0.0.1", call),
        /the cluster's API server does not say$/,
      ],
    ] as const
  ) {
    const { code, status } = await refused(
      admitted(CoderWorkspaces, "delete", key, { signal }, world(error)),
    );
    assert.deepEqual([code, status.details?.retryAfterSeconds], [503, 1]);
    assert.match(status.message, why);
  }
  const gone = AbortSignal.abort(new Error("the caller is gone"));
  const error = new KubeConnectionError("aborted", call);
  await assert.rejects(
    admitted(CoderWorkspaces, "delete", key, { signal: gone }, world(error)),
    /caller is gone/,
  );
});

Deno.test("deletes that come before the cache knows that their namespace is ending touch nothing in Coder", async () => {
  await using rig = await startWriteRig();
  const [replica] = rig.replicas as [(typeof rig.replicas)[number]];
  const ids = ["dev", "web"].map((name) => rig.coder.addWorkspace(name));
  await rig.pass();
  const names = replica.resources.workspaces.collection.list(NAMESPACE).items.map(({ metadata }) =>
    metadata.name ?? ""
  );
  assert.equal(names.length, 2, "still shown: the watch has not told anything");
  rig.namespaces.set(NAMESPACE, "ending");
  for (let tries = 0; tries < 2; tries++) {
    const one = await replica.ask("delete", { name: names[0] ?? "" });
    assert.deepEqual([one.code, one.body.kind, one.body.status], [200, "Status", "Success"]);
    const all = await replica.ask("deletecollection", {});
    assert.deepEqual([all.code, all.body.items], [200, []]);
  }
  const patched = await replica.ask("patch", { name: names[0] ?? "", body: { spec: { running: false } } });
  assert.deepEqual([patched.code, patched.body.details.causes[0].reason], [403, "NamespaceTerminating"]);
  await rig.pass();
  assert.deepEqual(rig.coder.writes, []);
  assert.deepEqual(ids.map((id) => rig.coder.shown(id)), ["start running", "start running"]);
  rig.namespaces.set(NAMESPACE, "active");
  assert.equal(
    (await replica.ask("delete", { name: names[0] ?? "" })).code,
    202,
    "the same delete, where it is not",
  );
  assert.equal(rig.coder.built.length, 1);
});
