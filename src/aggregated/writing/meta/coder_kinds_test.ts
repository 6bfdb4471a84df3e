/** The rules together, for the kinds that are to be written: what their zod schemas say is all that is known of them. */
import assert from "node:assert/strict";
import type { AggregatedDefinition } from "../../../api/aggregated.ts";
import type { KubeObject } from "../../../api/object.ts";
import { templateDefinition } from "../../../api/template.ts";
import { workspaceDefinition } from "../../../api/workspace.ts";
import { decodeObject, type ObjectDefinition } from "../decode/object.ts";
import { refusal, sent } from "../decode/testing.ts";
import { applyPatch, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH } from "../patch/patch.ts";
import { checkNew, prepareForCreate } from "./create.ts";
import { checkChanged, checkSuppositions, prepareForUpdate } from "./update.ts";

const served = ({ resource, spec, status }: AggregatedDefinition): ObjectDefinition => ({
  type: resource,
  schema: { spec, status },
});
const workspaces = served(workspaceDefinition);
const templates = served(templateDefinition);
const silent = () => assert.fail("warned");

/** As a storage would give it. */
function created(definition: ObjectDefinition, name: string, spec: object, status?: object): KubeObject {
  const object = prepareForCreate(decodeObject(sent({ metadata: { name }, spec }), definition, silent));
  checkNew(object, { definition });
  const metadata = {
    ...object.metadata,
    uid: "u1",
    resourceVersion: "7",
    creationTimestamp: "2026-01-01T00:00:00Z",
  };
  return { ...object, ...(status === undefined ? {} : { status }), metadata };
}

function changed(
  definition: ObjectDefinition,
  current: KubeObject,
  contentType: string,
  patch: unknown,
): KubeObject {
  const request = sent(patch, { contentType, name: current.metadata.name! });
  const object = applyPatch(request, current, definition, silent);
  checkSuppositions(object, current, { definition }, { isWhole: false });
  const ready = prepareForUpdate(object, current);
  checkChanged(ready, current, { definition });
  return ready;
}

Deno.test("a workspace is created, started by each kind of patch, and its status is Coder's", () => {
  const status = { latestBuildStatus: "stopped", lastUsedAt: null, conditions: [] };
  const workspace = created(workspaces, "org.jane.dev", { templateName: "t", running: false }, status);
  assert.deepEqual(workspace.metadata.generation, 1);
  const patches: [string, unknown][] = [
    [JSON_PATCH, [{ op: "replace", path: "/spec/running", value: true }]],
    [MERGE_PATCH, { spec: { running: true }, status: { latestBuildStatus: "running" } }],
    [STRATEGIC_PATCH, { spec: { running: true } }],
  ];
  for (const [type, patch] of patches) {
    const started = changed(workspaces, workspace, type, patch) as KubeObject & {
      spec: object;
      status: object;
    };
    assert.deepEqual(started.spec, { templateName: "t", running: true });
    assert.deepEqual(started.status, status);
    assert.equal(started.metadata.generation, 2);
  }
});

Deno.test("what is left out of a workspace stays out: nothing is filled in", () => {
  assert.deepEqual(
    (created(workspaces, "o.j.d", { templateName: "t" }) as KubeObject & { spec: object }).spec,
    {
      templateName: "t",
    },
  );
});

Deno.test("a workspace with a field that there is not, or of the wrong type, is refused", () => {
  const body = { metadata: { name: "o.j.d" }, spec: { runing: true } };
  const strict = sent(body, { options: { fieldValidation: "Strict" } });
  assert.match(
    refusal(() => decodeObject(strict, workspaces, silent)).message,
    /unknown field "spec\.runing"/,
  );
  const typed = sent({ ...body, spec: { running: "true", ttlMillis: "1h" } });
  const { code, message } = refusal(() => decodeObject(typed, workspaces, silent));
  assert.equal(code, 400);
  assert.match(message, /spec\.running must be a boolean.*spec\.ttlMillis must be a whole number/);
});

Deno.test("files of a template are changed one by one, and none of them all are all", () => {
  const template = created(templates, "o.t", { files: { "main.tf": "a\n", "dir/x.tf": "b" } });
  const files = (type: string, patch: unknown) =>
    (changed(templates, template, type, patch) as KubeObject & { spec: { files?: object } }).spec.files;
  assert.deepEqual(files(MERGE_PATCH, { spec: { files: { "dir/x.tf": null, y: "c" } } }), {
    "main.tf": "a\n",
    y: "c",
  });
  assert.deepEqual(files(STRATEGIC_PATCH, { spec: { files: { "dir/x.tf": "d" } } }), {
    "main.tf": "a\n",
    "dir/x.tf": "d",
  });
  assert.deepEqual(files(JSON_PATCH, [{ op: "remove", path: "/spec/files/dir~1x.tf" }]), {
    "main.tf": "a\n",
  });
  assert.deepEqual(files(JSON_PATCH, [{ op: "replace", path: "/spec/files", value: {} }]), {});
  assert.deepEqual(files(MERGE_PATCH, { spec: { files: null } }), undefined);
});
