/** The controller of visits for workspace proxies to their Coders. */
import {
  CoderWorkspaceProxies,
  type CoderWorkspaceProxy,
  parseWorkspaceProxy,
} from "../../api/workspace_proxy.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey } from "../../api/object.ts";
import { InvalidObjectError } from "../../api/object_schema.ts";
import type { Deployments } from "../../coder/mod.ts";
import type { ListNews } from "../../inventory/mod.ts";
import { ownDeployment } from "../../operator/children/deployment.ts";
import { anyVersion } from "../../operator/children/reference_sources.ts";
import {
  controlPlaneMatters,
  controlPlanesOfToken,
  namedControlPlane,
} from "../../operator/visit/control_plane_ref.ts";
import {
  podsChanged,
  visitController,
  type VisitControllerOptions as SharedOptions,
} from "../../operator/visit/controller.ts";
import type { Controller } from "../../reconciler/controller.ts";
import { anyOf, type Predicate } from "../../reconciler/predicate.ts";
import { owned, primary, type Source, watching } from "../../reconciler/source.ts";
import { childName } from "../children.ts";
import { isHeldForCoder } from "../ending.ts";
import { type ProxyResult, Report, TOKEN_ANNOTATION } from "../results.ts";
import { visitSecrets } from "./inputs.ts";
import { registrationStep } from "./registration_step.ts";
import type { Visit, VisitStep, VisitTools } from "./visit.ts";

type Shared = SharedOptions<CoderWorkspaceProxy, Visit, VisitTools, ProxyResult>;

/** What the controller works with. */
export interface ProxyVisitsOptions
  extends Pick<Shared, "tools" | "results" | "onNews" | "log" | "metrics" | "controller"> {
  readonly deployments: Pick<Deployments, "forget">;
  /** Replaces what is done, for tests. @default {the registration} */
  readonly steps?: readonly VisitStep[];
}

/** Index of proxies by the Secrets that visits read, as `namespace/name`. */
const BY_VISIT_SECRET = "visit-secret";
/** Index of proxies by the control plane that they name, as `namespace/name`. */
const BY_NAMED_CONTROL_PLANE = "visit-control-plane";

/** Makes the controller; nothing runs yet. */
export function proxyVisits(options: ProxyVisitsOptions): Controller {
  const { results, tools } = options;
  const { access, kinds, listings } = tools;
  const { workspaceProxies } = kinds;
  workspaceProxies.addIndex(BY_VISIT_SECRET, visitSecrets);
  workspaceProxies.addIndex(BY_NAMED_CONTROL_PLANE, namedControlPlane);
  const withSecret = (secret: KubeObject) =>
    workspaceProxies.byIndex(BY_VISIT_SECRET, keyText(keyOf(secret))).map(keyOf);
  const naming = (controlPlane: ObjectKey) =>
    workspaceProxies.byIndex(BY_NAMED_CONTROL_PLANE, keyText(controlPlane)).map(keyOf);
  const tokenOwners = controlPlanesOfToken(kinds.controlPlanes);
  const news = new News(kinds.workspaceProxies.list.bind(kinds.workspaceProxies), listings);
  const addresses = new Addresses();
  return visitController<CoderWorkspaceProxy, Visit, VisitTools, ProxyResult>({
    ...options,
    name: "coderworkspaceproxy-coder",
    objects: workspaceProxies,
    steps: options.steps ?? [registrationStep(kinds, tools.now)],
    watches: [
      primary(workspaceProxies),
      owned(kinds.deployments, CoderWorkspaceProxies, { predicate: anyOf(podsChanged, markChanged) }),
      watching(kinds.secrets, withSecret, { predicate: anyVersion }),
      watching(kinds.secrets, (secret) => tokenOwners(secret).flatMap(naming), { predicate: anyVersion }),
      watching(kinds.controlPlanes, (object) => naming(keyOf(object)), { predicate: controlPlaneMatters }),
      // Their Deployments are named after them: they answer again.
      watching(kinds.deployments, (deployment) => naming(keyOf(deployment)), { predicate: podsChanged }),
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
    begin(key, object, { signal, log }): Visit | undefined {
      const proxy = readable(object);
      if (proxy === undefined) return undefined;
      const name = childName(object);
      const before = results.get(object.metadata.uid ?? "");
      addresses.note(key, object);
      return {
        key,
        object,
        proxy,
        signal,
        log,
        report: new Report(),
        deploymentName: name,
        deployment: ownDeployment({ deploymentKey: { namespace: key.namespace, name }, object }, { kinds }),
        news: news.of(key),
        primaryURL: before?.primaryURL,
        token: before?.token,
      };
    },
    resultOf: ({ object, report, primaryURL, token }) => ({
      generation: object.metadata.generation ?? 0,
      report: report.data(),
      ...(primaryURL !== undefined && { primaryURL }),
      ...(token !== undefined && { token }),
    }),
    isHeld: isHeldForCoder,
    forget(key) {
      news.forget(key);
      for (const address of addresses.forget(key)) {
        options.deployments.forget(address);
        listings.forget(address);
      }
    },
  });
}

/** The token that pods run with was written down, or is another one. */
const markChanged: Predicate<Deployment> = {
  updated: (before, after) =>
    before.metadata.annotations?.[TOKEN_ANNOTATION] !== after.metadata.annotations?.[TOKEN_ANNOTATION],
};

/** What lists say anew of proxies, whoever asked for them. */
class News implements Source {
  /** How often, by `namespace/name`. */
  readonly #counts = new Map<string, number>();

  constructor(
    private readonly proxies: () => readonly CoderWorkspaceProxy[],
    private readonly listings: Pick<VisitTools["listings"], "onNews">,
  ) {}

  of(key: ObjectKey): number {
    return this.#counts.get(keyText(key)) ?? 0;
  }

  forget(key: ObjectKey): void {
    this.#counts.delete(keyText(key));
  }

  start(enqueue: (key: ObjectKey, priority: number) => void): () => void {
    return this.listings.onNews((said) => {
      if (said.kind !== "proxies") return;
      for (const object of this.proxies()) {
        if (!concerns(said, object)) continue;
        const key = keyOf(object);
        this.#counts.set(keyText(key), this.of(key) + 1);
        enqueue(key, 0);
      }
    });
  }
}

/** Names of several Coders may be the same: one look too many does no harm. */
function concerns({ changed }: ListNews, { status }: CoderWorkspaceProxy): boolean {
  const { registration, registrationIntent } = status ?? {};
  return [registration?.name, registrationIntent?.name].some((name) =>
    name !== undefined && changed.has(name)
  );
}

/** The addresses that users gave, each for as long as one of their proxies has it. */
class Addresses {
  readonly #given = new Map<string, Set<string>>();

  /** Remembers those of a proxy's spec. */
  note(key: ObjectKey, { spec }: CoderWorkspaceProxy): void {
    const url: unknown = spec?.bootstrap?.coderURL;
    if (typeof url !== "string") return;
    const known = this.#given.get(keyText(key)) ?? new Set();
    this.#given.set(keyText(key), known.add(url.trim()));
  }

  /** The proxy is gone: the addresses that nobody has any more. */
  forget(key: ObjectKey): string[] {
    const own = this.#given.get(keyText(key)) ?? new Set();
    this.#given.delete(keyText(key));
    const others = new Set([...this.#given.values()].flatMap((urls) => [...urls]));
    return [...own].filter((url) => !others.has(url));
  }
}

/** The reconciler tells what is wrong with the others. */
function readable(object: CoderWorkspaceProxy): ReturnType<typeof parseWorkspaceProxy> | undefined {
  try {
    return parseWorkspaceProxy(object);
  } catch (error) {
    if (error instanceof InvalidObjectError) return undefined;
    throw error;
  }
}
