/** The part of a control plane's life in which it has provisioners and workspace proxies, at a Coder with a licence. */
import { type CoderProvisioner, CoderProvisioners } from "../../src/api/provisioner.ts";
import { CoderWorkspaceProxies, type CoderWorkspaceProxy } from "../../src/api/workspace_proxy.ts";
import { waitFor } from "../cluster/mod.ts";
import { type FakeCoder, fakeLicense } from "../fake-coder/mod.ts";
import { CustomObjects } from "../operator/custom_objects.ts";
import { LiveObjects } from "../operator/live_objects.ts";
import { becomes } from "./life_children.ts";
import { changes } from "./life_workspaces.ts";
import type { Scene } from "./scene.ts";

/** Its Coder is to be given to the operator by `--control-plane-endpoint`. */
export const LICENSED = "licensed";

/**
 * Keys and registrations that are made, replaced, and removed at the end, with the operator's own token.
 *
 * @param beside runs as long as its Coder can be reached. @default nothing
 */
export async function daemons(
  scene: Scene,
  fake: FakeCoder,
  beside: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { cluster, namespace } = scene;
  const live = new LiveObjects(cluster, namespace);
  fake.state.environment.set("CODER_ACCESS_URL", "https://coder.example.com");
  await live.putSecret("owner", { token: fake.state.addOwner().token });
  await live.putSecret("license", { license: fakeLicense({}) });
  await scene.create(LICENSED, {
    operatorAccess: { bootstrapTokenSecretRef: { name: "owner" } },
    licenseSecretRef: { name: "license" },
  });
  await scene.condition(LICENSED, "OperatorAccess", "True");
  await scene.condition(LICENSED, "LicenseApplied", "True");
  await provisioner(scene, live, fake);
  await proxy(live, fake);
  await changes(scene, fake);
  await beside();
  await scene.removed(LICENSED);
  fake.assertClean();
}

async function provisioner(scene: Scene, live: LiveObjects, fake: FakeCoder): Promise<void> {
  const objects = new CustomObjects<CoderProvisioner>(CoderProvisioners, live);
  const keys = () => fake.state.provisionerKeys.map(({ name }) => name);
  await objects.create("prov", {
    controlPlaneRef: { name: LICENSED },
    replicas: 2,
    terminationGracePeriodSeconds: 1,
  });
  await objects.settled("prov", { Ready: "True", ProvisionerKeyReady: "True", WorkspaceRBAC: "True" });
  const [first] = keys();
  await objects.change("prov", {
    spec: { tags: { region: "eu" }, serviceAccount: { name: "builds" }, strategy: { type: "Recreate" } },
  });
  await waitFor(() => keys().length === 1 && keys()[0] !== first, {
    what: "the next key, and none beside it",
    timeoutMs: 60_000,
  });
  await becomes(scene, scene.path("serviceaccounts", "prov-provisioner"), "gone");
  // Somebody's edit is undone, and what is lost is made anew.
  await live.send("DELETE", "v1/secrets/prov-provisioner-key");
  await becomes(scene, scene.path("secrets", "prov-provisioner-key"), "owned");
  await live.send("DELETE", "apps/v1/deployments/provisioner-prov");
  await becomes(scene, scene.path("deployments", "provisioner-prov"), "owned");
  // Two pods and no work: one is marked, and goes.
  await live.rolledOut("provisioner-prov", 2);
  await objects.change("prov", { spec: { autoscale: { maxReplicas: 2, scaleDownDelay: "1s" } } });
  await live.rolledOut("provisioner-prov", 1);
  await objects.delete("prov");
  await objects.gone("prov");
  if (keys().length > 0) throw new Error(`${keys().join(", ")} outlive their provisioner`);
}

async function proxy(live: LiveObjects, fake: FakeCoder): Promise<void> {
  const objects = new CustomObjects<CoderWorkspaceProxy>(CoderWorkspaceProxies, live);
  const registered = () => fake.state.proxies.filter(({ deleted }) => !deleted);
  await objects.create("eu", {
    controlPlaneRef: { name: LICENSED },
    replicas: 2,
    expose: { ingress: { host: "eu.example.com" } },
  });
  await objects.settled("eu", { Registered: "True", Available: "True" });
  await objects.change("eu", { spec: { replicas: 1, registration: { displayName: "Europe" } } });
  await waitFor(() => registered().some(({ display_name }) => display_name === "Europe"), {
    what: "the new name",
  });
  await live.rolledOut("wsproxy-eu", 1);
  await objects.delete("eu");
  await objects.gone("eu");
  if (registered().length > 0) throw new Error("the registration outlives its proxy");
}
