/** Pods are replaced when a Secret or ConfigMap changes that they are made from: once, and never without a reason. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { goInstallation } from "./go_operator.ts";
import { type Rig, startRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/coder";
const CHECKSUMS = "coder.com/checksums";

const secret = (name: string, stringData: Record<string, string>, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  stringData,
});

/** How often pods have been replaced, plus one. */
const templates = async (rig: Rig): Promise<number> => (await rig.get("apps/v1/replicasets")).items.length;

async function checksums(rig: Rig): Promise<string> {
  return (await rig.get(DEPLOYMENT)).spec.template.metadata.annotations?.[CHECKSUMS] ?? "";
}

/** Waits for the next template, and for its pods. */
async function rolled(rig: Rig, count: number, what: string): Promise<void> {
  await waitFor(async () => await templates(rig) === count, { what: `pods to be replaced: ${what}` });
  await rig.ready("coder");
}

Deno.test("a changed Secret or ConfigMap of any field replaces the pods, and an Event says which", async () => {
  const rig = await startRig("checksums");
  await using operator = await rig.operator();
  for (const name of ["db", "more", "tls", "ca", "vol", "idp"]) {
    await rig.send("POST", "v1/secrets", secret(name, { url: "1", other: "1" }));
  }
  await rig.send("POST", "v1/configmaps", { metadata: { name: "env" }, data: { A: "1" } });
  await rig.create("coder", {
    extraEnv: [{ name: "CODER_PG_CONNECTION_URL", valueFrom: { secretKeyRef: { name: "db", key: "url" } } }],
    envFrom: [{ secretRef: { name: "more" } }, { configMapRef: { name: "env" } }],
    tls: { secretNames: ["tls"] },
    certs: { secrets: [{ name: "ca", key: "url" }] },
    volumes: [{ name: "v", projected: { sources: [{ secret: { name: "vol" } }] } }],
    signIn: {
      oidc: {
        issuerURL: "https://id.example.com",
        clientID: "coder",
        clientSecretRef: { name: "idp", key: "url" },
      },
    },
  });
  await rig.ready("coder");
  await operator.again("coder");
  assert.equal(await templates(rig), 1, "a new control plane starts once");
  const first = await checksums(rig);
  assert.deepEqual(first.split(",").map((each) => each.split("=")[0]), [
    "ConfigMap/env",
    ...["ca", "db", "idp", "more", "tls", "vol"].map((name) => `Secret/${name}`),
  ]);
  assert.doesNotMatch(first, /MQ==/);

  let count = 1;
  for (const name of ["db", "more", "tls", "ca", "vol", "idp"]) {
    await rig.send("PATCH", `v1/secrets/${name}`, { stringData: { url: `2-${name}` } });
    await rolled(rig, ++count, name);
  }
  await rig.send("PATCH", "v1/configmaps/env", { data: { A: "2" } });
  await rolled(rig, ++count, "env");

  // Neither a key that nobody uses, nor metadata, nor the same content once more.
  await rig.send("PATCH", "v1/secrets/db", { stringData: { other: "2" } });
  await rig.send("PATCH", "v1/secrets/more", { metadata: { labels: { a: "b" } } });
  await operator.again("coder");
  await operator.again("coder");
  assert.equal(await templates(rig), count);
  await waitFor(async () => {
    const list = await rig.get("events.k8s.io/v1/events");
    // deno-lint-ignore no-explicit-any -- events as sent
    return list.items.some((each: any) => /Secret db changed/.test(each.note ?? ""));
  }, { what: "an Event that names the Secret" });
});

Deno.test("what is not there yet counts when it comes; what goes, or is frozen, replaces nothing", async () => {
  const rig = await startRig("missing");
  await using operator = await rig.operator();
  await rig.send(
    "POST",
    "v1/secrets",
    secret("busy", { a: "1" }, {
      annotations: { "coder.com/no-rollout": "true" },
    }),
  );
  await rig.create("coder", {
    envFrom: [
      { secretRef: { name: "later", optional: true } },
      { secretRef: { name: "busy" } },
      { configMapRef: { name: "needed" } },
    ],
  });
  await operator.again("coder");
  await waitFor(async () => await templates(rig) === 1, { what: "the Deployment" });
  assert.equal(await checksums(rig), "");
  await rig.send("PATCH", "v1/secrets/busy", { stringData: { a: "2" } });
  await operator.again("coder");
  assert.equal(await checksums(rig), "", "its owner wants no pods replaced");
  await rig.send("POST", "v1/configmaps", { metadata: { name: "needed" }, data: { a: "1" } });
  await waitFor(async () => /^ConfigMap\/needed=\w+$/.test(await checksums(rig)), { what: "the ConfigMap" });
  await rig.send("POST", "v1/secrets", secret("later", { a: "1" }));
  await waitFor(async () => /,Secret\/later=/.test(await checksums(rig)), { what: "the optional Secret" });
  const whole = await checksums(rig);
  await rig.send("DELETE", "v1/configmaps/needed");
  await operator.again("coder");
  assert.equal(await checksums(rig), whole, "pods that run have its content still");
  await rig.send("DELETE", "v1/secrets/later");
  await waitFor(async () => /^ConfigMap\/needed=\w+$/.test(await checksums(rig)), {
    what: "the optional Secret's checksum to go",
  });
});

Deno.test("a template that was taken over is not restarted by checksums, but by the next change of a Secret", async () => {
  const rig = await startRig("takeover");
  const extraEnv = [{
    name: "CODER_PG_CONNECTION_URL",
    valueFrom: { secretKeyRef: { name: "db", key: "url" } },
  }];
  await rig.send("POST", "v1/secrets", secret("db", { url: "1" }));
  await goInstallation(rig, { manager: "manager", extraEnv });
  await waitFor(async () => (await rig.get(DEPLOYMENT)).status?.availableReplicas === 1, {
    what: "the pods",
  });
  const before = (await rig.get(DEPLOYMENT)).spec.template;
  for (const run of ["the first operator", "the next one"]) {
    await using operator = await rig.operator();
    await rig.condition("coder", "UpgradePending", "True");
    await operator.again("coder");
    assert.deepEqual((await rig.get(DEPLOYMENT)).spec.template, before, run);
  }
  assert.equal(await templates(rig), 1);
  const recorded = (await rig.get(DEPLOYMENT)).metadata.annotations[CHECKSUMS];
  assert.match(recorded, /^Secret\/db=[0-9a-f]{16}$/);

  // Nobody looks while it changes: it is noticed all the same.
  await rig.send("PATCH", "v1/secrets/db", { stringData: { url: "2" } });
  const mark = await rig.cluster.audit.mark();
  await using operator = await rig.operator();
  await rolled(rig, 2, "the change of the Secret");
  await rig.condition("coder", "UpgradePending", "Absent");
  await operator.again("coder");
  assert.match(await checksums(rig), /^Secret\/db=[0-9a-f]{16}$/);
  assert.notEqual(await checksums(rig), recorded);
  assert.equal(await templates(rig), 2, "everything that waited came with that one rollout");
  const reads = (await rig.cluster.audit.since(mark)).requests({
    user: OPERATOR_USER,
    namespace: rig.namespace,
  })
    .filter(({ verb, resource }) => verb === "get" && resource === "secrets");
  assert.equal(reads.length, 1, "a Secret is read once for each of its versions");
});

Deno.test("a template of this operator's first version is kept as well, until the exposure in its spec changes", async () => {
  const rig = await startRig("first");
  {
    await using _operator = await rig.operator();
    await rig.create("coder", { expose: { ingress: { host: "coder.example.com" } } });
    await rig.ready("coder");
  }
  // As the first version left it: another rendering, and nothing recorded beside the hash of the spec.
  const path = `/apis/apps/v1/namespaces/${rig.namespace}/deployments/coder?fieldManager=coder-k8s`;
  const url = `http://coder.${rig.namespace}.svc.cluster.local`;
  await rig.cluster.request("PATCH", path, [
    { op: "replace", path: "/spec/template/spec/containers/0/env/2/value", value: url },
    { op: "replace", path: "/metadata/annotations/coder.com~1template-rendering", value: "1" },
    { op: "remove", path: "/metadata/annotations/coder.com~1template-exposure" },
    { op: "remove", path: "/metadata/annotations/coder.com~1checksums" },
  ], { contentType: "application/json-patch+json" });
  await waitFor(async () => await templates(rig) === 2, { what: "the template of the first version" });
  await using operator = await rig.operator();
  const { message } = await rig.condition("coder", "UpgradePending", "True");
  assert.match(message, /changes containers\[name=coder\]\.env\[name=CODER_ACCESS_URL\]/);
  await operator.again("coder");
  const access = async () => (await rig.get(DEPLOYMENT)).spec.template.spec.containers[0].env[2].value;
  assert.equal(await access(), url);
  assert.equal(await templates(rig), 2);
  await rig.change("coder", { spec: { expose: { ingress: { host: "new.example.com" } } } });
  await waitFor(async () => await access() === "http://new.example.com", { what: "the new address" });
  await rig.condition("coder", "UpgradePending", "Absent");
});
