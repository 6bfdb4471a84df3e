/** What is looked at for a provisioner. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { Deployments, Pods } from "../../api/kubernetes/resources.ts";
import { CoderProvisioners } from "../../api/provisioner.ts";
import { INSTANCE_LABEL, MANAGED_BY_LABEL, NAME_LABEL, standardLabels } from "../../workload/labels.ts";
import { readDaemons, readEntitlements, readExpiries, readJobs, readKeys } from "../coder/mod.ts";
import { NotShownError, OF_PROVISIONERS } from "../coder/not_shown.ts";
import type { CoderReader, Looker } from "../look.ts";
import { isReadyPod, podView } from "../pods/pod_view.ts";
import { type ProvisionerView, provisionerView, refusal } from "../provisioner_view.ts";
import { isUnread, valueOf } from "../seen.ts";
import { isConnected, ownDaemons } from "../rules/provisioners/seen.ts";
import { MOST_REQUESTS } from "./budget.ts";
import { collectOperatorLease } from "./platform.ts";
import { collectNetworkPolicies } from "./pod_details.ts";
import { collectDeploymentPods } from "./pods.ts";
import { lookForSecrets } from "./secrets.ts";

const LOG_LINES = 60;
const LOG_BYTES = 32_768;

/** Looks: eight requests for one that is well, at most fifteen else. */
export async function collectProvisioner(looker: Looker): Promise<void> {
  const { namespace, name } = looker.subject;
  const found = await looker.look(
    "provisioner",
    `get CoderProvisioner ${namespace}/${name}`,
    () => looker.get(CoderProvisioners, { namespace, name }),
  );
  const object = valueOf(found);
  if (object === undefined) return;
  const view = provisionerView(object);
  const daemons = daemonsOf(looker, view);
  await Promise.all([
    controlPlaneOf(looker, view),
    deploymentOf(looker, view),
    secretOf(looker, view),
    Promise.all([podsOf(looker, view), daemons]).then(() => closer(looker, view)),
  ]);
}

async function controlPlaneOf(looker: Looker, { controlPlane }: ProvisionerView): Promise<void> {
  const { name, namespace, ref } = controlPlane;
  if (name === "") return;
  await looker.look(
    "controlPlane",
    `get CoderControlPlane ${ref}`,
    () => looker.get(CoderControlPlanes, { namespace, name }),
  );
}

async function deploymentOf(looker: Looker, { namespace, deployment }: ProvisionerView): Promise<void> {
  await looker.look(
    "deployment",
    `get Deployment ${namespace}/${deployment}`,
    () => looker.get(Deployments, { namespace, name: deployment }),
  );
}

async function secretOf(looker: Looker, { key, namespace }: ProvisionerView): Promise<void> {
  await lookForSecrets(looker, [{
    namespace,
    name: key.secret,
    usedBy: key.isBrought
      ? "spec.key.existingSecret"
      : "container provisioner, env CODER_PROVISIONER_DAEMON_KEY",
    isOptional: false,
    neededKeys: [key.dataKey],
  }]);
}

async function podsOf(looker: Looker, { deployment, name, namespace }: ProvisionerView): Promise<void> {
  const labels = standardLabels("coder-provisioner", name);
  const labelSelector = [NAME_LABEL, INSTANCE_LABEL, MANAGED_BY_LABEL]
    .map((label) => `${label}=${labels[label]}`).join(",");
  const also = [{ kind: "CoderProvisioner", name }];
  await collectDeploymentPods(looker, { namespace, deployment, labelSelector, also });
}

function opened(looker: Looker, { controlPlane }: ProvisionerView): Promise<CoderReader> {
  const { name, namespace } = controlPlane;
  const need = { verb: "list", group: "coder.com", resource: "coderprovisioners", namespace };
  return looker.coder({ namespace, controlPlane: name, need });
}

async function daemonsOf(looker: Looker, view: ProvisionerView): Promise<void> {
  if (view.controlPlane.name === "") return;
  await looker.look(
    "daemons",
    `list provisioner daemons of the organization ${view.organization}`,
    async () => await readDaemons(await opened(looker, view), view.organization),
  );
}

/** What matters by what was found: work where there are daemons, else why there are none. */
async function closer(looker: Looker, view: ProvisionerView): Promise<void> {
  const facts = looker.facts();
  const own = ownDaemons(facts, view);
  // Nobody misses daemons that nobody wants, and a Coder that does not answer is not asked again.
  if (view.replicas === 0 || isUnread(facts.daemons, "unreachable") || isUnread(facts.daemons, "timeout")) {
    return;
  }
  if (own === undefined || !own.some(isConnected)) {
    const { coder, kubernetes } = looker.calls;
    // The most telling first.
    const looks = [
      () => keysOf(looker, view),
      () => entitlementsOf(looker, view),
      () => logOf(looker),
      ...(own === undefined ? [] : [() => collectNetworkPolicies(looker)]),
      () => leaseOf(looker),
    ];
    await Promise.all(looks.slice(0, Math.max(0, MOST_REQUESTS - kubernetes - coder)).map((look) => look()));
  } else if (own.some(({ status }) => status === "idle")) {
    await looker.look(
      "jobs",
      `list provisioner jobs of the organization ${view.organization}`,
      async () => await readJobs(await opened(looker, view), view.organization),
    );
  }
}

async function keysOf(looker: Looker, view: ProvisionerView): Promise<void> {
  const daemons = valueOf(looker.facts().daemons) ?? [];
  // Of a key that was brought, the name is not known; keys tell then whether anything is shown at all.
  if (view.key.isBrought ? daemons.length > 0 : view.key.name === "") return;
  // Where the licence refuses, keys are no matter, and cannot be listed.
  if (isDenied(view)) return;
  await looker.look(
    "keys",
    `list provisioner keys of the organization ${view.organization}`,
    async () => {
      const coder = await opened(looker, view);
      const keys = await readKeys(coder, view.organization);
      // Coder leaves out of lists what somebody may not see.
      if (keys.length === 0 && daemons.length === 0 && coder.as === "caller") {
        throw new NotShownError(
          `Coder shows neither keys nor daemons: it may be that it does to ${OF_PROVISIONERS} alone`,
        );
      }
      return keys;
    },
  );
}

async function entitlementsOf(looker: Looker, view: ProvisionerView): Promise<void> {
  // Whoever has a key, and pods that do not run, is past that.
  if (!isDenied(view) && view.ready === 0 && view.key.name !== "") return;
  const seen = await looker.look(
    "entitlements",
    "get the entitlements of Coder",
    async () => await readEntitlements(await opened(looker, view)),
  );
  const entitlements = valueOf(seen);
  if (entitlements === undefined || entitlements.hasLicense || !isDenied(view)) return;
  const expiries = await opened(looker, view).then(readExpiries).catch(() => []);
  looker.set("entitlements", { state: "seen", value: { ...entitlements, expiries } });
}

function isDenied(view: ProvisionerView): boolean {
  return refusal(view, "ExternalProvisionersEntitled") !== undefined;
}

/** Without pods, it is the operator's turn. */
async function leaseOf(looker: Looker): Promise<void> {
  if (valueOf(looker.facts().pods)?.length === 0) await collectOperatorLease(looker);
}

/** Pods that run say in their log why they are not connected. */
async function logOf(looker: Looker): Promise<void> {
  const facts = looker.facts();
  const running = valueOf(facts.pods)?.map(podView).find(isReadyPod);
  if (running === undefined || facts.podLogs !== undefined) return;
  const { namespace, name } = running;
  const container = running.containers.find(({ kind }) => kind === "main")?.name ?? "";
  await looker.look("podLogs", `read the log of ${running.ref} (${container})`, async () => {
    const query = { container, tailLines: LOG_LINES, limitBytes: LOG_BYTES };
    const words = await looker.text(Pods, { namespace, name }, "log", { query, maxBytes: LOG_BYTES });
    const lines = words.split("\n").map((line) => line.trimEnd()).filter((line) => line !== "");
    return [{ pod: name, namespace, container, previous: false, lines }];
  });
}
