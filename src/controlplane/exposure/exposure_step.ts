/** The Ingress or HTTPRoute of a control plane, and its addresses. Nothing here makes Coder itself unready. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { type Gateway, HTTPRoutes } from "../../api/gateway.ts";
import { Ingresses } from "../../api/kubernetes/resources.ts";
import type { KubeObject, ResourceType } from "../../api/object.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { desiredIngress, desiredRoute, type RouteParent } from "../../workload/exposure.ts";
import { gatewayAddresses } from "../../workload/exposure_listeners.ts";
import { type ExposureState, ingressState, routeState } from "../../workload/exposure_state.ts";
import { externalAddress, internalAddress } from "./addresses.ts";
import { recordApply } from "../../operator/children/child_events.ts";
import { exposureWarnings, type Wanted, wantedExposure } from "./exposure.ts";
import { type StepFailure, stepFailure } from "../../operator/pass/failure.ts";
import type { Pass, Step, Tools } from "../step.ts";

/** The condition that this step keeps; absent where the spec asks for nothing. */
export const EXPOSED = "Exposed";

/** How soon a refusal is looked into again, in milliseconds: what is in the way may carry no label that wakes us. */
const REFUSED_MS = 60_000;
/** The same for failures that pass by themselves. */
const FAILED_MS = 15_000;
/** The same where the kind comes or goes this very moment. */
const KIND_IN_FLUX_MS = 2_000;

export const exposureStep: Step = {
  name: "Exposure",
  async run(pass, tools) {
    const { controlPlane, report, signal } = pass;
    report.status({ internalURL: internalAddress(controlPlane, tools.clusterDomain) });
    let wanted: Wanted;
    try {
      wanted = wantedExposure(controlPlane);
    } catch (error) {
      report.status({ externalURL: undefined });
      return fail(pass, stepFailure("Exposure", error, tools.redact));
    }
    if (wanted.by === "nothing") return await conceal(pass, tools);
    for (const warning of exposureWarnings(wanted)) report.warning(warning);
    try {
      await (wanted.by === "ingress"
        ? exposeByIngress(wanted, pass, tools)
        : exposeByRoute(wanted, pass, tools));
    } catch (error) {
      signal.throwIfAborted();
      const failure = stepFailure("Exposure", error, tools.redact);
      if (failure.reason === "Conflict") throw error;
      fail(pass, failure);
    }
  },
};

async function conceal(pass: Pass, tools: Tools): Promise<void> {
  pass.report.noCondition(EXPOSED);
  pass.report.status({ externalURL: undefined });
  await remove(Ingresses, pass, tools);
  await remove(HTTPRoutes, pass, tools);
}

async function exposeByIngress(
  wanted: Extract<Wanted, { by: "ingress" }>,
  pass: Pass,
  tools: Tools,
): Promise<void> {
  const desired = desiredIngress(wanted.exposure, wanted.settings);
  const ingress = await ensure(Ingresses, desired, pass, tools);
  const url = externalAddress(wanted, () => undefined);
  pass.report.status({ externalURL: url });
  tell(ingressState(ingress, { url, now: tools.now() }), pass, tools);
  await remove(HTTPRoutes, pass, tools);
}

async function exposeByRoute(
  wanted: Extract<Wanted, { by: "gateway" }>,
  pass: Pass,
  tools: Tools,
): Promise<void> {
  const { report } = pass;
  const route = await ensureRoute(wanted, pass, tools);
  if (route === undefined) {
    report.status({ externalURL: undefined });
    report.condition({ type: EXPOSED, status: "False", ...GATEWAY_API_MISSING });
    report.trouble(GATEWAY_API_MISSING);
  } else {
    const lookup = (parent: RouteParent) => gatewayOf(parent, pass, tools);
    const url = externalAddress(wanted, lookup);
    report.status({ externalURL: url });
    const facts = {
      url,
      now: tools.now(),
      exists: (parent: RouteParent) =>
        seesGateways(parent, pass, tools) ? lookup(parent) !== undefined : undefined,
      addresses: gatewayAddresses(wanted.parents, lookup),
    };
    tell(routeState(route, facts), pass, tools);
  }
  await remove(Ingresses, pass, tools);
}

/** No version of it is named as a must: whoever runs the cluster chooses it together with a gateway controller. */
const GATEWAY_API_MISSING = {
  reason: "GatewayAPIMissing",
  message:
    "The cluster does not serve HTTPRoute (gateway.networking.k8s.io/v1), so nothing leads to Coder from " +
    "outside: install the Gateway API, version 1.0 or later, and a gateway controller " +
    "(https://gateway-api.sigs.k8s.io/guides/), or use spec.expose.ingress. It is noticed by itself",
};

/** Undefined where the cluster has no such kind. When it comes, and when it goes, the pass is run again. */
async function ensureRoute(wanted: Extract<Wanted, { by: "gateway" }>, pass: Pass, tools: Tools) {
  if (!tools.kinds.httpRoutes.exists) return undefined;
  try {
    return await ensure(HTTPRoutes, desiredRoute(wanted.exposure, wanted.parents), pass, tools);
  } catch (error) {
    // Its definition is being deleted (405), or is gone (404): the cache will hear of it in a moment.
    if (!(error instanceof KubeApiError && (error.code === 404 || error.code === 405))) throw error;
    pass.signal.throwIfAborted();
    pass.report.lookAgain(KIND_IN_FLUX_MS);
    return undefined;
  }
}

/** Whether a Gateway that is not in the cache is not there. */
function seesGateways({ namespace }: RouteParent, { key }: Pass, { kinds, namespaces }: Tools): boolean {
  const { exists, hasSynced, trouble } = kinds.gateways;
  return exists && hasSynced && trouble === "" &&
    (namespaces.length === 0 || namespaces.includes(namespace ?? key.namespace));
}

function gatewayOf({ name, namespace }: RouteParent, { key }: Pass, { kinds }: Tools): Gateway | undefined {
  return kinds.gateways.get({ namespace: namespace ?? key.namespace, name });
}

async function ensure<T extends KubeObject>(
  type: ResourceType<T>,
  desired: T,
  { object, signal }: Pass,
  { applier, events }: Tools,
): Promise<T> {
  const options = { owner: object, ownerType: CoderControlPlanes, signal };
  const result = await applier.apply(type, desired, options);
  recordApply(events, object, desired, result.outcome);
  return result.object;
}

async function remove(type: ResourceType, { key, object, signal }: Pass, tools: Tools): Promise<void> {
  if (!await tools.applier.deleteOwned(type, key, object, signal)) return;
  tools.events.event(object, "Normal", "Deleted", `Deleted ${type.kind} ${key.name}`, "Delete");
}

function tell(state: ExposureState, { report }: Pass, { redact }: Tools): void {
  const { status, reason, needsAction, lookAgainMs } = state;
  const message = redact(state.message);
  report.condition({ type: EXPOSED, status, reason, message });
  if (needsAction) report.trouble({ reason, message });
  if (lookAgainMs !== undefined) report.lookAgain(lookAgainMs);
}

/** Said as trouble: where others serve Coder's users already, they go on doing so. */
function fail({ report }: Pass, { reason, message }: StepFailure): void {
  report.condition({ type: EXPOSED, status: "False", reason, message });
  report.trouble({ reason, message });
  if (reason === "InvalidSpec") return;
  report.lookAgain(reason === "APIUnavailable" || reason === "Failed" ? FAILED_MS : REFUSED_MS);
}
