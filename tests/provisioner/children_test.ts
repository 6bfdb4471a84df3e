/** What provisioners are made of, stored by a real API server: it takes everything, and adds nothing that would be undone. */
import assert from "node:assert/strict";
import type { Deployment, ServiceAccount } from "../../src/api/kubernetes/types.ts";
import type { Provisioner } from "../../src/api/provisioner.ts";
import {
  childName,
  desiredDeployment,
  desiredServiceAccount,
  keySecretRef,
} from "../../src/provisioner/children.ts";
import { podTemplate, RENDERING, templateInputs } from "../../src/provisioner/pod_template.ts";
import { recordedFacts, templateFacts } from "../../src/provisioner/template_facts.ts";
import { provisioner, SHAPING, type SpecInput } from "../../src/provisioner/testing.ts";
import { templateDifferences } from "../../src/workload/template_differences.ts";
import { sharedCluster, waitFor } from "../cluster/mod.ts";

const cluster = await sharedCluster();

function known(of: Provisioner) {
  return {
    url: "http://coder.a.svc.cluster.local:80",
    image: "coder:v2.30.0",
    key: { ...keySecretRef(of), checksum: "c0ffee" },
  };
}

function deployment(of: Provisioner, replicas: number): Deployment {
  const facts = templateFacts(of, known(of), undefined);
  assert.ok(facts !== undefined);
  return desiredDeployment(of, {
    template: podTemplate(of, facts),
    replicas,
    inputs: templateInputs(of, facts.key),
    rendering: RENDERING,
    recorded: recordedFacts(of, known(of), undefined),
    strategy: of.spec.strategy,
  });
}

/** Applies both children; the Deployment as it is then. */
async function apply(of: Provisioner, replicas = 0): Promise<{ live: Deployment; desired: Deployment }> {
  const desired = deployment(of, replicas);
  const account = desiredServiceAccount(of);
  const { namespace = "" } = of.metadata;
  await cluster.apply([desired, ...(account === undefined ? [] : [account])], namespace);
  const live = await cluster.find(`/apis/apps/v1/namespaces/${namespace}/deployments/${childName(of)}`);
  return { live, desired };
}

const specs: Record<string, { spec?: SpecInput; name?: string }> = {
  "a bare provisioner": {},
  "a provisioner with every field that shapes pods": { spec: { ...SHAPING, strategy: { type: "Recreate" } } },
  "a provisioner whose name has dots": { name: "team.eu" },
  "a provisioner whose name is as long as can be": { name: `a${"b".repeat(250)}.c` },
};

for (const [what, { spec = {}, name = "prov" }] of Object.entries(specs)) {
  Deno.test(`${what} is stored as it is wanted, and wanting it again changes nothing`, async () => {
    const namespace = await cluster.newNamespace("children");
    const of = provisioner(spec, { name, namespace });
    const { live, desired } = await apply(of);
    assert.deepEqual(templateDifferences(live.spec!.template, desired.spec!.template), []);
    assert.deepEqual(live.spec?.selector.matchLabels, desired.metadata.labels);
    // What the pods there say is enough to go on with.
    const facts = templateFacts(of, {}, live);
    assert.deepEqual(facts, templateFacts(of, known(of), undefined));
    const again = await apply(of);
    assert.equal(again.live.metadata.generation, live.metadata.generation);
  });
}

Deno.test("pods have names that Coder takes for daemons, however long the provisioner's is", async () => {
  const namespace = await cluster.newNamespace("children");
  const of = provisioner({}, { name: "b".repeat(200), namespace });
  const { desired } = await apply(of, 1);
  const pod = await waitFor(async () => {
    const { items } = await cluster.request("GET", `/api/v1/namespaces/${namespace}/pods`);
    return items[0];
  }, { what: "a pod" });
  assert.match(pod.metadata.name, /^[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9]$/);
  for (const [label, value] of Object.entries(desired.spec?.selector.matchLabels ?? {})) {
    assert.equal(pod.metadata.labels[label], value);
  }
  const account: ServiceAccount | undefined = desiredServiceAccount(of);
  assert.equal(pod.spec.serviceAccountName, account?.metadata.name);
});
