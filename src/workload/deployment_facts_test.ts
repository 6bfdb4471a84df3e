import assert from "node:assert/strict";
import type { Deployment, ManagedFieldsEntry } from "../api/kubernetes/types.ts";
import { deploymentFacts, keptTemplateHash, noFacts } from "./deployment_facts.ts";
import { TEMPLATE_HOLDER } from "./held_fields.ts";

function deployment(image: string, ...managedFields: ManagedFieldsEntry[]): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "coder", namespace: "a", managedFields },
    spec: {
      selector: {},
      template: {
        metadata: { annotations: { restartedAt: image } },
        spec: { containers: [{ name: "coder", image, env: [{ name: "A" }, { name: "A", value: "2" }] }] },
      },
    },
  };
}

const container = {
  ".": {},
  "f:image": {},
  "f:env": { ".": {}, 'k:{"name":"A"}': { ".": {}, "f:name": {}, "f:value": {} } },
};
const held = {
  manager: TEMPLATE_HOLDER,
  operation: "Update",
  fieldsV1: {
    "f:spec": { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"coder"}': container } } } },
  },
};
const replicas = { "f:spec": { "f:replicas": {} } };

Deno.test("a Deployment without managed fields has no facts", () => {
  assert.deepEqual(deploymentFacts({ ...deployment("i"), metadata: { name: "coder" } }), noFacts);
});

Deno.test("only a writer of the scale subresource makes it scaled", () => {
  const update = { manager: "m", operation: "Update", fieldsV1: replicas };
  assert.equal(deploymentFacts(deployment("i", update)).scaled, false);
  assert.equal(deploymentFacts(deployment("i", update, { ...update, subresource: "scale" })).scaled, true);
  const status = { ...update, subresource: "scale", fieldsV1: { "f:status": {} } };
  assert.equal(deploymentFacts(deployment("i", status)).scaled, false);
});

Deno.test("a kept template is known by a hash that follows the held fields alone", () => {
  const hash = deploymentFacts(deployment("i", held)).keptTemplate;
  assert.match(hash ?? "", /^[0-9a-f]{16}$/);
  const annotated = deployment("i", held);
  annotated.spec!.template.metadata!.annotations!["restartedAt"] = "now";
  assert.equal(keptTemplateHash(annotated), hash, "somebody else's annotation does not matter");
  assert.notEqual(keptTemplateHash(deployment("j", held)), hash);
});

Deno.test("a held field that somebody else took over changes the hash", () => {
  const { "f:image": _, ...rest } = container;
  const less = {
    ...held,
    fieldsV1: {
      "f:spec": { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"coder"}': rest } } } },
    },
  };
  assert.notEqual(keptTemplateHash(deployment("i", less)), keptTemplateHash(deployment("i", held)));
  assert.equal(keptTemplateHash(deployment("i")), undefined);
});
