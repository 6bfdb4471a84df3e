/** What is looked at for a proxy. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { Deployments } from "../../api/kubernetes/resources.ts";
import { CoderWorkspaceProxies } from "../../api/workspace_proxy.ts";
import { selectorText, standardLabels } from "../../workload/labels.ts";
import { workspaceProxyName } from "../../workload/names.ts";
import { readBuildInfo, readEntitlements, readProxies } from "../coder/mod.ts";
import { record, text } from "../foreign.ts";
import type { Looker } from "../look.ts";
import { type OwnerView, ownerView } from "../owner_view.ts";
import { valueOf } from "../seen.ts";
import { Budget } from "./budget.ts";
import { collectExposure, collectIngressClasses, concludeEndpoints } from "./exposure.ts";
import { collectOperatorLease } from "./platform.ts";
import { collectDeploymentPods } from "./pods.ts";
import { secretUsesOf } from "./secret_uses.ts";
import { lookForSecrets, MOST_SECRETS } from "./secrets.ts";

/** Looks: eight to twelve requests for one that is well, never more than fifteen. */
export async function collectProxy(looker: Looker): Promise<void> {
  const { namespace, name } = looker.subject;
  const found = await looker.look(
    "proxy",
    `get CoderWorkspaceProxy ${namespace}/${name}`,
    () => looker.get(CoderWorkspaceProxies, { namespace, name }),
  );
  const object = valueOf(found);
  if (object === undefined) return;
  const owner = ownerView("proxy", object);
  const coder = inCoder(looker, owner);
  await Promise.all([coder, inKubernetes(looker, owner, new Budget(looker, coder))]);
}

async function inKubernetes(looker: Looker, owner: OwnerView, budget: Budget): Promise<void> {
  const { namespace, name } = owner;
  const child = workspaceProxyName(name);
  const labelSelector = selectorText(standardLabels("coder-workspace-proxy", name));
  const also = [
    { kind: owner.kind, name },
    ...["Service", "Ingress", "HTTPRoute"].map((kind) => ({ kind, name: child })),
  ];
  await Promise.all([
    looker.look(
      "deployment",
      `get Deployment ${namespace}/${child}`,
      () => looker.get(Deployments, { namespace, name: child }),
    ),
    collectDeploymentPods(looker, { namespace, deployment: child, labelSelector, also }),
    collectExposure(looker, owner, child),
  ]);
  concludeEndpoints(looker);
  await budget.spend([() => collectOperatorLease(looker), ...collectIngressClasses(looker)]);
  await lookForSecrets(looker, secretUsesOf(looker.facts()), Math.min(MOST_SECRETS, budget.left));
}

/** The Coder that it belongs to, where that is a control plane. */
async function inCoder(looker: Looker, { namespace: own, name, spec }: OwnerView): Promise<void> {
  const reference = record(spec["controlPlaneRef"]);
  const controlPlane = text(reference["name"]).trim();
  if (controlPlane === "") return;
  const namespace = text(reference["namespace"]) || own;
  const ref = `${namespace}/${controlPlane}`;
  const need = { verb: "get", group: "coder.com", resource: "coderworkspaceproxies", namespace, name };
  const coder = () => looker.coder({ namespace, controlPlane, need });
  await Promise.all([
    looker.look(
      "controlPlane",
      `get CoderControlPlane ${ref}`,
      () => looker.get(CoderControlPlanes, { namespace, name: controlPlane }),
    ),
    looker.look("coderAlive", `ask Coder of control plane ${ref} for its version`, async () => {
      return await readBuildInfo(await coder());
    }).then(async ({ state }) => {
      if (state !== "seen") return;
      await Promise.all([
        looker.look(
          "coderProxies",
          `list workspace proxies of Coder of control plane ${ref}`,
          async () => await readProxies(await coder()),
        ),
        looker.look(
          "entitlements",
          `get the entitlements of Coder of control plane ${ref}`,
          async () => await readEntitlements(await coder()),
        ),
      ]);
    }),
  ]);
}
