/** What of a control plane's spec its children and its status do not show, said without the product's own renderers. */
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import type { Deployment, Service, ServiceAccount } from "../../src/api/kubernetes/types.ts";
import type { KubeObject } from "../../src/api/object.ts";

/** The three children of a control plane, where they are there. */
export interface Children {
  deployment?: Deployment | undefined;
  service?: Service | undefined;
  serviceAccount?: ServiceAccount | undefined;
}

/** Environment variables of these tests: every one in a pod must come from the spec. */
export const TEST_VARIABLE = /^TEST_/;

/** Each difference in words; nothing where all is as it should be. */
export function shortcomings(plane: CoderControlPlane, children: Children): string[] {
  const { deployment, service, serviceAccount } = children;
  const { spec = {}, status = {}, metadata } = plane;
  const wrong: string[] = [];
  const expect = (what: string, actual: unknown, wanted: unknown) => {
    const [left, right] = [JSON.stringify(actual), JSON.stringify(wanted)];
    if (left !== right) wrong.push(`${what} is ${left}, not ${right}`);
  };
  const owned = (what: string, object: KubeObject | undefined) =>
    expect(
      `owner of the ${what}`,
      object?.metadata.ownerReferences?.find(({ controller }) => controller)?.uid,
      metadata.uid,
    );
  owned("Deployment", deployment);
  owned("Service", service);
  owned("ServiceAccount", serviceAccount);

  const container = deployment?.spec?.template.spec?.containers.find(({ name }) => name === "coder");
  expect("image", container?.image, spec.image ?? "ghcr.io/coder/coder:latest");
  const replicas = spec.replicas ?? 1;
  expect("replicas", deployment?.spec?.replicas, replicas);
  const wanted = Object.fromEntries((spec.extraEnv ?? []).map(({ name, value }) => [name, value]));
  const actual = (container?.env ?? []).filter(({ name }) => TEST_VARIABLE.test(name));
  expect(
    "number of variables",
    actual.length,
    Object.keys(wanted).filter((name) => TEST_VARIABLE.test(name)).length,
  );
  for (const { name, value } of actual) expect(`variable ${name}`, value, wanted[name]);
  expect("port", service?.spec?.ports?.map(({ port }) => port), [spec.service?.port ?? 80]);
  for (const [name, value] of Object.entries(spec.service?.annotations ?? {})) {
    expect(`annotation ${name} of the Service`, service?.metadata.annotations?.[name], value);
  }

  expect("observedGeneration", status.observedGeneration, metadata.generation);
  expect("readyReplicas", status.readyReplicas ?? 0, replicas);
  expect("phase", status.phase, replicas > 0 ? "Ready" : "Pending");
  const degraded = status.conditions?.find(({ type }) => type === "Degraded");
  expect("Degraded", degraded?.status, "False");
  return wrong;
}
