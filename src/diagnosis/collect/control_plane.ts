/** What is looked at for a control plane. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { Deployments } from "../../api/kubernetes/resources.ts";
import { selectorText, standardLabels } from "../../workload/labels.ts";
import { readBuildInfo, readEntitlements, readExpiries } from "../coder/mod.ts";
import type { EntitlementFacts } from "../coder_facts.ts";
import type { Looker } from "../look.ts";
import { type OwnerView, ownerView } from "../owner_view.ts";
import { valueOf } from "../seen.ts";
import { Budget } from "./budget.ts";
import { collectExposure, collectIngressClasses, concludeEndpoints } from "./exposure.ts";
import { collectApiService, collectOperatorLease } from "./platform.ts";
import { collectDeploymentPods } from "./pods.ts";
import { secretUsesOf } from "./secret_uses.ts";
import { lookForSecrets, MOST_SECRETS } from "./secrets.ts";

/** Looks: nine to twelve requests for one that is well, never more than fifteen. */
export async function collectControlPlane(looker: Looker): Promise<void> {
  const { namespace, name } = looker.subject;
  const found = await looker.look(
    "controlPlane",
    `get CoderControlPlane ${namespace}/${name}`,
    () => looker.get(CoderControlPlanes, { namespace, name }),
  );
  const object = valueOf(found);
  if (object === undefined) return;
  const owner = ownerView("controlplane", object);
  const coder = inCoder(looker, owner);
  await Promise.all([coder, inKubernetes(looker, owner, new Budget(looker, coder))]);
}

async function inKubernetes(looker: Looker, owner: OwnerView, budget: Budget): Promise<void> {
  const { namespace, name } = owner;
  const labelSelector = selectorText(standardLabels("coder-control-plane", name));
  const also = [owner.kind, "Service", "Ingress", "HTTPRoute"].map((kind) => ({ kind, name }));
  await Promise.all([
    looker.look(
      "deployment",
      `get Deployment ${namespace}/${name}`,
      () => looker.get(Deployments, { namespace, name }),
    ),
    collectDeploymentPods(looker, { namespace, deployment: name, labelSelector, also }),
    collectExposure(looker, owner, name),
  ]);
  concludeEndpoints(looker);
  await budget.spend([
    () => collectOperatorLease(looker),
    () => collectApiService(looker),
    ...collectIngressClasses(looker),
  ]);
  await lookForSecrets(looker, secretUsesOf(looker.facts()), Math.min(MOST_SECRETS, budget.left));
}

async function inCoder(looker: Looker, { namespace, name, spec, status }: OwnerView): Promise<void> {
  const need = { verb: "get", group: "coder.com", resource: "codercontrolplanes", namespace, name };
  const question = { namespace, controlPlane: name, need };
  const about = `Coder of control plane ${namespace}/${name}`;
  const alive = await looker.look(
    "coderAlive",
    `ask ${about} for its version`,
    async () => await readBuildInfo(await looker.coder(question)),
  );
  if (alive.state !== "seen") return;
  const seen = await looker.look(
    "entitlements",
    `get the entitlements of ${about}`,
    async () => await readEntitlements(await looker.coder(question)),
  );
  const entitlements = valueOf(seen);
  const wasApplied = status["licenseLastApplied"] !== undefined || spec["licenseSecretRef"] !== undefined;
  if (entitlements === undefined || !isOfInterest(entitlements, wasApplied)) return;
  // Site owners alone may list licences; what they allow is known without.
  const expiries = await looker.coder(question).then(readExpiries).catch(() => []);
  looker.set("entitlements", { state: "seen", value: { ...entitlements, expiries } });
}

/** When a licence ends is of interest where one was there, and not all is as it should be. */
function isOfInterest(
  { features, hasLicense, errors, warnings }: EntitlementFacts,
  wasApplied: boolean,
): boolean {
  const has = (wanted: string) => Object.values(features).some(({ entitlement }) => entitlement === wanted);
  return errors.length > 0 || warnings.length > 0 || has("grace_period") ||
    (!has("entitled") && (hasLicense || wasApplied));
}
