import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { KubeClient, PatchBody, WriteOptions } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { applyObject } from "./apply_object.ts";
import { INSTALL_MANAGER } from "./objects.ts";

const call = { method: "PATCH", path: "/" };
const refusal = (code: number, reason: string, details?: unknown) =>
  new KubeApiError(code, reason, `${reason} (${code})`, call, undefined, details);
const conflict = (...causes: [manager: string, field: string][]) =>
  refusal(409, "Conflict", {
    causes: causes.map(([manager, field]) => ({
      reason: "FieldManagerConflict",
      message: `conflict with "${manager}" using apps/v1`,
      field,
    })),
  });

const desired = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "d", namespace: "n" },
  spec: { replicas: 2, paused: false },
} as KubeObject;
const live = (spec: object, metadata: object = {}) =>
  ({ ...desired, metadata: { ...desired.metadata, resourceVersion: "1", ...metadata }, spec }) as KubeObject;

/** Answers patches in turn; what it was asked is kept. */
function server(found: KubeObject | undefined, answers: (KubeObject | Error)[]) {
  const asked: { patch: PatchBody; options: WriteOptions | undefined }[] = [];
  const client = {
    get: () => found === undefined ? Promise.reject(refusal(404, "NotFound")) : Promise.resolve(found),
    patch: (_type: unknown, _key: unknown, patch: PatchBody, options?: WriteOptions) => {
      asked.push({ patch, options });
      const answer = answers.shift() ?? new Error("nobody asked for this");
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  } as unknown as Pick<KubeClient, "get" | "patch">;
  return { client, asked };
}

Deno.test("what is not there is created, by our manager, and not by force", async () => {
  const { client, asked } = server(undefined, [live({})]);
  const applied = await applyObject(client, desired);
  assert.equal(applied.outcome, "created");
  assert.deepEqual(asked, [{
    patch: { type: "apply", body: desired, force: false },
    options: { fieldManager: INSTALL_MANAGER },
  }]);
});

Deno.test("unchanged is what differs in the API server's own fields alone", async () => {
  const before = live({ replicas: 2 }, { generation: 1, managedFields: [] });
  const same = { ...live({ replicas: 2 }, { resourceVersion: "2", generation: 1 }), status: { replicas: 1 } };
  assert.equal((await applyObject(server(before, [same]).client, desired)).outcome, "unchanged");
  const other = live({ replicas: 3 }, { resourceVersion: "2" });
  assert.equal((await applyObject(server(before, [other]).client, desired)).outcome, "configured");
});

Deno.test("fields of others are taken by force, and it is said from whom", async () => {
  const { client, asked } = server(live({}), [conflict(["ann", ".spec.paused"]), live({ paused: false })]);
  const { taken, left } = await applyObject(client, desired);
  assert.deepEqual([taken, left], [[{ from: "ann", field: ".spec.paused" }], []]);
  assert.deepEqual(asked.map(({ patch }) => patch.type === "apply" && patch.force), [false, true]);
});

Deno.test("a number of replicas is left to who has set it, unless one was asked for", async () => {
  const answers = () => [conflict(["kubectl", ".spec.replicas"], ["ann", ".spec.paused"]), live({})];
  const kind = server(live({}), answers());
  const { taken, left } = await applyObject(kind.client, desired);
  assert.deepEqual(left, [{ from: "kubectl", field: ".spec.replicas" }]);
  assert.deepEqual(taken, [{ from: "ann", field: ".spec.paused" }]);
  const sent = kind.asked[1]!.patch as { body: { spec: object } };
  assert.deepEqual(sent.body.spec, { paused: false });

  const strict = await applyObject(server(live({}), answers()).client, desired, { leavesReplicas: false });
  assert.deepEqual([strict.taken.length, strict.left], [2, []]);
});

Deno.test("an earlier applier is followed first, and a race with another writer is tried again", async () => {
  const managedFields = [{ manager: "kubectl", operation: "Apply", fieldsV1: { "f:spec": {} } }];
  const before = live({ old: true }, { managedFields });
  const after = live({}, { managedFields: [] });
  const { client, asked } = server(before, [
    refusal(422, "Invalid"),
    refusal(409, "Conflict"),
    after,
    live({ new: 1 }),
  ]);
  const applied = await applyObject(client, desired);
  assert.deepEqual([applied.follows, applied.outcome], [["kubectl"], "configured"]);
  assert.deepEqual(asked.map(({ patch }) => patch.type), ["json", "json", "json", "apply"]);
});

Deno.test("a race that does not end is an error, and so is any other refusal", async () => {
  const managedFields = [{ manager: "kubectl", operation: "Apply", fieldsV1: { "f:spec": {} } }];
  const races = Array.from({ length: 20 }, () => refusal(422, "Invalid"));
  await assert.rejects(applyObject(server(live({}, { managedFields }), races).client, desired), /Invalid/);
  await assert.rejects(
    applyObject(server(live({}), [refusal(403, "Forbidden")]).client, desired),
    /Forbidden/,
  );
  await assert.rejects(applyObject(server(live({}), [refusal(409, "Conflict")]).client, desired), /Conflict/);
});

Deno.test("a dry run follows nobody and says so to the server", async () => {
  const managedFields = [{ manager: "kubectl", operation: "Apply", fieldsV1: { "f:spec": {} } }];
  const { client, asked } = server(live({}, { managedFields }), [live({})]);
  await applyObject(client, desired, { dryRun: true });
  assert.deepEqual(asked.map(({ patch, options }) => [patch.type, options?.dryRun]), [["apply", true]]);
});
