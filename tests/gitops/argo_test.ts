/** Argo CD's own engine runs the health check of the example, on real objects in each phase of their lives. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { startAppRig } from "../aggregated/app_rig.ts";
import { ensureTools, waitFor } from "../cluster/mod.ts";
import { runKubectl } from "../cluster/kubectl.ts";
import { startRig } from "../controlplane/rig.ts";
import { beginBuild, startFakeCoder } from "../fake-coder/mod.ts";
import { operate, said } from "../provisioner/key_witness.ts";
import { ProvisionerRig } from "../provisioner/rig.ts";
import { HEALTH, health, healthOf } from "./argo.ts";
import { startDaemon } from "./daemon.ts";

const NAMESPACE = "lab";

/** Waits until Argo CD would call it so, for that reason. */
async function becomes(read: () => Promise<unknown>, status: string, message = /./): Promise<void> {
  let last = "";
  await waitFor(async () => {
    const object = await read();
    if (object === undefined) return false;
    const now = await health(object);
    last = `${now.status}: ${now.message}`;
    return now.status === status && message.test(now.message);
  }, { what: `it to be ${status} (${message})`, intervalMs: 200 }).catch((error) => {
    throw new Error(`${error.message}; last ${last}`);
  });
}

Deno.test("the example gives Argo CD the same check for every kind", async () => {
  const { path: { kubectl } } = await ensureTools();
  const { stdout } = await runKubectl(kubectl, ["kustomize", HEALTH], {});
  const { metadata, data } = parse(stdout);
  assert.deepEqual([metadata.name, metadata.namespace], ["argocd-cm", "argocd"]);
  assert.equal(metadata.labels["app.kubernetes.io/part-of"], "argocd", "Argo CD reads no other");
  const crds = new URL("../../crd/", import.meta.url);
  const kinds: string[] = ["aggregation.coder.com_CoderTemplate", "aggregation.coder.com_CoderWorkspace"];
  for await (const { name } of Deno.readDir(crds)) {
    if (!name.startsWith("coder.com_")) continue;
    const { spec } = parse(await Deno.readTextFile(new URL(name, crds)));
    kinds.push(`${spec.group}_${spec.names.kind}`);
  }
  assert.ok(kinds.length >= 5);
  assert.deepEqual(
    Object.keys(data).sort(),
    kinds.map((kind) => `resource.customizations.health.${kind}`).sort(),
  );
  const script = await Deno.readTextFile(`${HEALTH}health.lua`);
  for (const [key, text] of Object.entries(data)) assert.equal(text, script, key);
});

Deno.test("what an object says of itself counts in an order", async () => {
  const object = (conditions: Record<string, string>, generation = 1) => ({
    metadata: { name: "a", generation: 1 },
    status: {
      observedGeneration: generation,
      conditions: Object.entries(conditions).map(([type, status]) => ({
        type,
        status,
        message: type,
        reason: "Any",
      })),
    },
  });
  const retried = object({ Ready: "True", Degraded: "True", Reconciling: "True" });
  retried.status.conditions[2]!.reason = "Retrying";
  const told = await healthOf([
    { metadata: { name: "a" } },
    { metadata: { name: "a" }, status: {} },
    object({ Ready: "True" }, 0),
    object({ Ready: "True", Degraded: "True", Reconciling: "True" }),
    object({ Ready: "False", Reconciling: "True", Stalled: "True" }),
    retried,
    object({ Ready: "True", Degraded: "True" }),
    object({ Ready: "True", Degraded: "False" }),
    object({ Ready: "False" }),
    {
      metadata: { name: "a", deletionTimestamp: "2020-01-01T00:00:00Z" },
      status: object({ Stalled: "True" }).status,
    },
  ]);
  assert.deepEqual(told.map(({ status, message }) => `${status}: ${message}`), [
    "Progressing: nothing has looked at it yet",
    "Progressing: nothing has looked at it yet",
    "Progressing: its last change has not been looked at yet",
    "Progressing: Reconciling",
    "Degraded: Stalled",
    "Degraded: Degraded",
    "Degraded: Degraded",
    "Healthy: Ready",
    "Progressing: Ready",
    "Progressing: it is being deleted",
  ]);
});

Deno.test("a control plane: new, up, with a mistake, and up again", async () => {
  const rig = await startRig("argo");
  const read = () => rig.controlPlane("coder");
  await rig.create("coder");
  assert.equal((await health(await read())).status, "Progressing");
  await using _operator = await rig.operator();
  await rig.ready("coder");
  await becomes(read, "Healthy");
  await rig.change("coder", { spec: { volumeMounts: [{ name: "missing", mountPath: "/x" }] } });
  await becomes(read, "Degraded", /volumeMounts/);
  await rig.change("coder", { spec: { volumeMounts: null } });
  await becomes(read, "Healthy");
});

Deno.test("provisioners: without a licence, up, and with nothing to do", async () => {
  await using rig = await ProvisionerRig.start("argo-prov");
  await rig.coder.entitled("not_entitled");
  await using _operator = await operate(rig);
  const read = () => rig.provisioners.get("prov");
  await rig.provisioner();
  await becomes(read, "Degraded", /licen[cs]e/i);
  await rig.coder.entitled("entitled");
  await rig.podsReady();
  await becomes(read, "Healthy");
  await rig.provisioners.change("prov", {
    spec: { autoscale: { minReplicas: 0, maxReplicas: 2, scaleDownDelay: "1s" } },
  });
  await said(rig, "Ready", "False", "ScaledToZero");
  await becomes(read, "Healthy");
});

Deno.test("templates and workspaces: built, failed, stopped, and going", async () => {
  await using fake = await startFakeCoder({ rateLimit: -1 });
  const { state } = fake;
  const { token } = state.addOwner();
  using daemon = startDaemon(fake);
  await using rig = await startAppRig({
    coders: { [`${NAMESPACE}/coder`]: { url: fake.url, token } },
    env: {
      CODER_K8S_TEMPLATE_BUILD_INITIAL_POLL_INTERVAL: "100ms",
      CODER_K8S_TEMPLATE_BUILD_MAX_POLL_INTERVAL: "200ms",
    },
  });
  const { cluster } = rig;
  const apply = async (kind: string, name: string, spec: object) => {
    const object = {
      apiVersion: "aggregation.coder.com/v1alpha1",
      kind,
      metadata: { name, namespace: NAMESPACE },
      spec,
    };
    const args = ["apply", "--server-side", "--field-manager=argocd-controller", "-f", "-"];
    await cluster.kubectl(args, { input: JSON.stringify(object) });
  };
  const reader = (resource: string, name: string) => () =>
    rig.get(`/namespaces/${NAMESPACE}/${resource}/${name}`);
  const template = reader("codertemplates", "coder.docker");
  const workspace = reader("coderworkspaces", "coder.admin.dev");
  const files = (main: string) => ({ files: { "main.tf": main } });

  daemon.isPaused = true;
  await apply("CoderTemplate", "coder.docker", files("# one\n"));
  await becomes(template, "Progressing");
  daemon.isPaused = false;
  await becomes(template, "Healthy");
  await apply("CoderTemplate", "coder.docker", files("broken\n"));
  await becomes(template, "Degraded", /import of version .* failed/);
  await apply("CoderTemplate", "coder.docker", files("# one\n"));
  await becomes(template, "Healthy");

  daemon.isPaused = true;
  await apply("CoderWorkspace", "coder.admin.dev", { templateName: "docker", running: true });
  await becomes(workspace, "Progressing");
  daemon.isPaused = false;
  await becomes(workspace, "Healthy");
  await apply("CoderWorkspace", "coder.admin.dev", { templateName: "docker", running: false });
  await becomes(workspace, "Healthy", /stopped/);
  const dev = state.workspaces.find((one) => (one as Record<string, unknown>)["name"] === "dev");
  assert.ok(dev !== undefined);
  daemon.isPaused = true;
  beginBuild(state, dev, "delete");
  await becomes(workspace, "Progressing");
  fake.assertClean();
});
