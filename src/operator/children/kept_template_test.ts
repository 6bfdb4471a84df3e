import assert from "node:assert/strict";
import type { Deployment, ManagedFieldsEntry } from "../../api/kubernetes/types.ts";
import type { JsonPatchOperation, KubeClient, PatchBody } from "../../kube/client.ts";
import { isForbidden, KubeApiError } from "../../kube/errors.ts";
import { TEMPLATE_HOLDER } from "../../workload/held_fields.ts";
import type { Tools } from "../pass/step.ts";
import { CHILD, KEY, widget, widgetPass } from "../testing.ts";
import { holdTemplate, returnTemplate } from "./kept_template.ts";

const refusal = (code: number, reason: string) =>
  new KubeApiError(code, reason, "m", { method: "PATCH", path: "/" });
const template = { "f:spec": { "f:template": { "f:spec": { "f:hostname": {} } } } };
const ours = { manager: "coder-k8s", operation: "Apply", fieldsV1: template };
const held = { manager: TEMPLATE_HOLDER, operation: "Update", fieldsV1: template };

function deployment(managedFields: ManagedFieldsEntry[], ownerUid = "uid-1"): Deployment {
  const { apiVersion, kind } = widget();
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      ...CHILD,
      resourceVersion: "1",
      managedFields,
      ownerReferences: [{ apiVersion, kind, name: KEY.name, uid: ownerUid, controller: true }],
    },
    spec: { selector: {}, template: { spec: { containers: [], hostname: "h" } } },
  };
}

/** A server with one Deployment that refuses the first patches. */
class Api {
  patches = 0;
  observed: Deployment[] = [];
  constructor(private readonly live: Deployment, private readonly refusals: KubeApiError[] = []) {}

  pass = widgetPass();
  tools = {
    client: {
      get: () => Promise.resolve(this.live),
      patch: (_type: unknown, _key: unknown, patch: PatchBody) => {
        this.patches++;
        const refused = this.refusals.shift();
        if (refused) return Promise.reject(refused);
        const [, operation] = patch.body as JsonPatchOperation[];
        const managedFields = operation && "value" in operation
          ? operation.value as ManagedFieldsEntry[]
          : [];
        return Promise.resolve({ ...this.live, metadata: { ...this.live.metadata, managedFields } });
      },
    } as unknown as KubeClient,
    kinds: { deployments: { observe: (object: Deployment) => void this.observed.push(object) } },
  } as unknown as Tools;
}

Deno.test("a template is held, its hash known, and the cache shown", async () => {
  const api = new Api(deployment([ours]));
  assert.match(await holdTemplate(api.pass, api.tools) ?? "", /^[0-9a-f]{16}$/);
  assert.deepEqual(api.observed[0]?.metadata.managedFields?.map(({ manager }) => manager), [TEMPLATE_HOLDER]);
});

Deno.test("a template that is held already needs no write", async () => {
  const api = new Api(deployment([held]));
  const hash = await holdTemplate(api.pass, api.tools);
  assert.equal(api.patches, 0);
  const first = new Api(deployment([ours]));
  assert.equal(hash, await holdTemplate(first.pass, first.tools), "the hash does not depend on the way");
});

Deno.test("without anything of ours, or with another owner, there is nothing to hold", async () => {
  const nobody = new Api(deployment([]));
  assert.equal(await holdTemplate(nobody.pass, nobody.tools), undefined);
  const theirs = new Api(deployment([ours], "uid-2"));
  assert.equal(await holdTemplate(theirs.pass, theirs.tools), undefined);
  assert.equal(theirs.patches, 0);
});

Deno.test("a lost race is run again", async () => {
  const api = new Api(deployment([held]), [refusal(422, "Invalid"), refusal(409, "Conflict")]);
  await returnTemplate(api.pass, api.tools);
  assert.equal(api.patches, 3);
  assert.deepEqual(api.observed[0]?.metadata.managedFields?.map(({ manager }) => manager), ["coder-k8s"]);
});

Deno.test("a race that is always lost, and any other refusal, is thrown", async () => {
  const losing = new Api(deployment([ours]), Array.from({ length: 9 }, () => refusal(422, "Invalid")));
  await assert.rejects(holdTemplate(losing.pass, losing.tools), KubeApiError);
  assert.equal(losing.patches, 5);
  const denied = new Api(deployment([ours]), [refusal(403, "Forbidden")]);
  await assert.rejects(holdTemplate(denied.pass, denied.tools), isForbidden);
  assert.equal(denied.patches, 1);
});
