/** The controller of visits for workspace proxies to their Coders. */
import {
  type CoderWorkspaceProxy,
  parseWorkspaceProxy,
  type WorkspaceProxy,
} from "../../api/workspace_proxy.ts";
import { InvalidObjectError } from "../../api/object_schema.ts";
import { keyOf, keyText, type ObjectKey } from "../../api/object.ts";
import type { Deployments } from "../../coder/mod.ts";
import { ownDeployment } from "../../operator/children/deployment.ts";
import {
  visitController,
  type VisitControllerOptions as SharedOptions,
} from "../../operator/visit/controller.ts";
import type { Controller } from "../../reconciler/controller.ts";
import type { ReconcileContext } from "../../reconciler/reconcile.ts";
import { childName } from "../children.ts";
import { isHeldForCoder } from "../ending.ts";
import { type ProxyResult, Report } from "../results.ts";
import { registrationStep } from "./registration_step.ts";
import { GivenAddresses, ProxyNews, visitSources } from "./sources.ts";
import type { Visit, VisitTools } from "./visit.ts";

type Shared = SharedOptions<CoderWorkspaceProxy, Visit, VisitTools, ProxyResult>;

/** What the controller works with. */
export interface ProxyVisitsOptions
  extends Pick<Shared, "tools" | "results" | "onNews" | "log" | "metrics" | "controller"> {
  /** Connections to Coders. */
  readonly deployments: Pick<Deployments, "forget">;
}

/** Makes the controller; nothing runs yet. */
export function proxyVisits(options: ProxyVisitsOptions): Controller {
  const { deployments, results, tools } = options;
  const { access, kinds, listings } = tools;
  const news = new ProxyNews(kinds.workspaceProxies, listings);
  const addresses = new GivenAddresses();
  return visitController<CoderWorkspaceProxy, Visit, VisitTools, ProxyResult>({
    ...options,
    name: "coderworkspaceproxy-coder",
    objects: kinds.workspaceProxies,
    steps: [registrationStep(tools)],
    watches: [
      ...visitSources(kinds),
      news,
      // What is kept of a control plane goes with it.
      {
        start: () =>
          kinds.controlPlanes.subscribe({
            deleted(object) {
              access.forget(keyOf(object));
              listings.forget(keyText(keyOf(object)));
            },
          }),
      },
    ],
    begin(key, object, context) {
      addresses.note(key, object);
      const before = results.get(object.metadata.uid ?? "");
      return beginVisit(key, object, context, { kinds, before, news: news.of(key) });
    },
    resultOf: visitResult,
    isHeld: isHeldForCoder,
    forget(key) {
      news.forget(key);
      for (const address of addresses.forget(key)) {
        deployments.forget(address);
        listings.forget(address);
      }
    },
  });
}

/** Begins a visit; undefined for an object that cannot be read. `before`: what the last one found out. */
export function beginVisit(
  key: ObjectKey,
  object: CoderWorkspaceProxy,
  { log, signal }: ReconcileContext,
  { before, kinds, news }: Pick<VisitTools, "kinds"> & { before: ProxyResult | undefined; news: number },
): Visit | undefined {
  const proxy = readable(object);
  if (proxy === undefined) return undefined;
  const deploymentKey = { namespace: key.namespace, name: childName(object) };
  return {
    key,
    object,
    proxy,
    signal,
    log,
    report: new Report(),
    deploymentName: deploymentKey.name,
    deployment: ownDeployment({ deploymentKey, object }, { kinds }),
    news,
    primaryURL: before?.primaryURL,
    token: before?.token,
  };
}

/** What a visit found out. */
export function visitResult({ object, report, primaryURL, token }: Visit): ProxyResult {
  return {
    generation: object.metadata.generation ?? 0,
    report: report.data(),
    ...(primaryURL !== undefined && { primaryURL }),
    ...(token !== undefined && { token }),
  };
}

/** The reconciler tells what is wrong with the others. */
function readable(object: CoderWorkspaceProxy): WorkspaceProxy | undefined {
  try {
    return parseWorkspaceProxy(object);
  } catch (error) {
    if (error instanceof InvalidObjectError) return undefined;
    throw error;
  }
}
