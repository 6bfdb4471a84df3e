/** The Ingress or HTTPRoute of an object that runs pods, and its addresses. Nothing here makes the pods unready. */
import { HTTPRoutes } from "../../api/gateway.ts";
import { Ingresses } from "../../api/kubernetes/resources.ts";
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { desiredIngress, desiredRoute, type RouteParent } from "../../workload/exposure.ts";
import { gatewayAddresses } from "../../workload/exposure_listeners.ts";
import { type ExposureState, ingressState, routeState } from "../../workload/exposure_state.ts";
import { exposedUrl, exposureWarnings, type WantedExposure } from "../../workload/wanted_exposure.ts";
import { applyChild, removeChild } from "../children/apply_child.ts";
import { type StepFailure, stepFailure } from "../pass/failure.ts";
import type { PassState, Step, Tools } from "../pass/step.ts";
import { gatewayLookup, seesGateways } from "./gateways.ts";

/** The condition that this step keeps; absent where the spec asks for nothing. */
export const EXPOSED = "Exposed";

/** What this step sets in the status. */
export interface ExposureStatus {
  internalURL?: string | undefined;
  externalURL?: string | undefined;
}

/** A pass over an object that can be exposed. */
export type ExposurePass = PassState<KubeObject, ExposureStatus>;

/** What is exposed. */
export interface Exposable {
  /** Of the Ingress or the HTTPRoute, whichever there is. */
  readonly child: ObjectKey;
  /** For people, such as `Coder` or `the proxy`. */
  readonly noun: string;
  /** Where it is reached inside the cluster. */
  readonly internalURL: string;
  /** Reads the spec. Throws {@linkcode SpecError} for what cannot be made. */
  wanted(): WantedExposure;
}

/** How soon a refusal is looked into again, in milliseconds: what is in the way may carry no label that wakes us. */
const REFUSED_MS = 60_000;
/** The same for failures that pass by themselves. */
const FAILED_MS = 15_000;
/** The same where the kind comes or goes this very moment. */
const KIND_IN_FLUX_MS = 2_000;

/** Makes the step of a kind. `of`: what a pass is to expose. */
export function exposureStep<P extends ExposurePass, T extends Tools>(
  of: (pass: P, tools: T) => Exposable,
): Step<P, T> {
  return { name: "Exposure", run: (pass, tools) => keepExposed(of(pass, tools), pass, tools) };
}

async function keepExposed(exposable: Exposable, pass: ExposurePass, tools: Tools): Promise<void> {
  const { report, signal } = pass;
  report.status({ internalURL: exposable.internalURL });
  let wanted: WantedExposure;
  try {
    wanted = exposable.wanted();
  } catch (error) {
    report.status({ externalURL: undefined });
    return fail(pass, stepFailure("Exposure", error, tools.redact));
  }
  if (wanted.by === "nothing") return await conceal(exposable, pass, tools);
  for (const warning of exposureWarnings(wanted)) report.warning(warning);
  try {
    await (wanted.by === "ingress"
      ? exposeByIngress(wanted, exposable, pass, tools)
      : exposeByRoute(wanted, exposable, pass, tools));
  } catch (error) {
    signal.throwIfAborted();
    const failure = stepFailure("Exposure", error, tools.redact);
    if (failure.reason === "Conflict") throw error;
    fail(pass, failure);
  }
}

async function conceal({ child }: Exposable, pass: ExposurePass, tools: Tools): Promise<void> {
  pass.report.noCondition(EXPOSED);
  pass.report.status({ externalURL: undefined });
  await removeChild(Ingresses, child, pass, tools);
  await removeChild(HTTPRoutes, child, pass, tools);
}

async function exposeByIngress(
  wanted: Extract<WantedExposure, { by: "ingress" }>,
  { child, noun }: Exposable,
  pass: ExposurePass,
  tools: Tools,
): Promise<void> {
  const desired = desiredIngress(wanted.exposure, wanted.settings);
  const ingress = await applyChild(Ingresses, desired, pass, tools);
  const url = exposedUrl(wanted, () => undefined);
  pass.report.status({ externalURL: url });
  tell(ingressState(ingress, { noun, url, now: tools.now() }), pass, tools);
  await removeChild(HTTPRoutes, child, pass, tools);
}

async function exposeByRoute(
  wanted: Extract<WantedExposure, { by: "gateway" }>,
  { child, noun }: Exposable,
  pass: ExposurePass,
  tools: Tools,
): Promise<void> {
  const { report, key: { namespace } } = pass;
  const route = await ensureRoute(wanted, pass, tools);
  if (route === undefined) {
    const missing = gatewayApiMissing(noun);
    report.status({ externalURL: undefined });
    report.condition({ type: EXPOSED, status: "False", ...missing });
    report.trouble(missing);
  } else {
    const lookup = gatewayLookup(namespace, tools);
    const url = exposedUrl(wanted, lookup);
    report.status({ externalURL: url });
    const facts = {
      noun,
      url,
      now: tools.now(),
      exists: (parent: RouteParent) =>
        seesGateways(parent.namespace ?? namespace, tools) ? lookup(parent) !== undefined : undefined,
      addresses: gatewayAddresses(wanted.parents, lookup),
    };
    tell(routeState(route, facts), pass, tools);
  }
  await removeChild(Ingresses, child, pass, tools);
}

/** No version of it is named as a must: whoever runs the cluster chooses it together with a gateway controller. */
function gatewayApiMissing(noun: string) {
  return {
    reason: "GatewayAPIMissing",
    message:
      `The cluster does not serve HTTPRoute (gateway.networking.k8s.io/v1), so nothing leads to ${noun} from ` +
      "outside: install the Gateway API, version 1.0 or later, and a gateway controller " +
      "(https://gateway-api.sigs.k8s.io/guides/), or use spec.expose.ingress. It is noticed by itself",
  };
}

/** Undefined where the cluster has no such kind. When it comes, and when it goes, the pass is run again. */
async function ensureRoute(
  wanted: Extract<WantedExposure, { by: "gateway" }>,
  pass: ExposurePass,
  tools: Tools,
) {
  if (!tools.kinds.httpRoutes.exists) return undefined;
  try {
    return await applyChild(HTTPRoutes, desiredRoute(wanted.exposure, wanted.parents), pass, tools);
  } catch (error) {
    // Its definition is being deleted (405), or is gone (404): the cache will hear of it in a moment.
    if (!(error instanceof KubeApiError && (error.code === 404 || error.code === 405))) throw error;
    pass.signal.throwIfAborted();
    pass.report.lookAgain(KIND_IN_FLUX_MS);
    return undefined;
  }
}

function tell(state: ExposureState, { report }: ExposurePass, { redact }: Tools): void {
  const { status, reason, needsAction, lookAgainMs } = state;
  const message = redact(state.message);
  report.condition({ type: EXPOSED, status, reason, message });
  if (needsAction) report.trouble({ reason, message });
  if (lookAgainMs !== undefined) report.lookAgain(lookAgainMs);
}

/** Said as trouble: where others serve the users already, they go on doing so. */
function fail({ report }: ExposurePass, { reason, message }: StepFailure): void {
  report.condition({ type: EXPOSED, status: "False", reason, message });
  report.trouble({ reason, message });
  if (reason === "InvalidSpec") return;
  report.lookAgain(reason === "APIUnavailable" || reason === "Failed" ? FAILED_MS : REFUSED_MS);
}
