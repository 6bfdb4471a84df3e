/** What wakes visits for workspace proxies. */
import { CoderWorkspaceProxies, type CoderWorkspaceProxy } from "../../api/workspace_proxy.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey } from "../../api/object.ts";
import type { Listings, ListNews } from "../../inventory/mod.ts";
import { anyVersion } from "../../operator/children/reference_sources.ts";
import {
  controlPlaneMatters,
  controlPlanesOfToken,
  namedControlPlane,
} from "../../operator/visit/control_plane_ref.ts";
import { podsChanged } from "../../operator/visit/controller.ts";
import { anyOf, type Predicate } from "../../reconciler/predicate.ts";
import { type Enqueue, owned, primary, type Source, watching } from "../../reconciler/source.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { TOKEN_ANNOTATION } from "../results.ts";
import { visitSecrets } from "./inputs.ts";

/** Index of proxies by the Secrets that visits read, as `namespace/name`. */
const BY_VISIT_SECRET = "visit-secret";
/** Index of proxies by the control plane that they name, as `namespace/name`. */
const BY_NAMED_CONTROL_PLANE = "visit-control-plane";

type Kinds = Pick<WorkloadKinds, "controlPlanes" | "deployments" | "secrets" | "workspaceProxies">;

/** Makes them, with the indexes that they need; once for each cache. */
export function visitSources(kinds: Kinds): Source[] {
  const { controlPlanes, deployments, secrets, workspaceProxies } = kinds;
  workspaceProxies.addIndex(BY_VISIT_SECRET, visitSecrets);
  workspaceProxies.addIndex(BY_NAMED_CONTROL_PLANE, namedControlPlane);
  const reading = (secret: KubeObject) =>
    workspaceProxies.byIndex(BY_VISIT_SECRET, keyText(keyOf(secret))).map(keyOf);
  const naming = (controlPlane: ObjectKey) =>
    workspaceProxies.byIndex(BY_NAMED_CONTROL_PLANE, keyText(controlPlane)).map(keyOf);
  const tokenOwners = controlPlanesOfToken(controlPlanes);
  return [
    primary(workspaceProxies),
    owned(deployments, CoderWorkspaceProxies, { predicate: anyOf(podsChanged, markChanged) }),
    watching(secrets, (secret) => [...reading(secret), ...tokenOwners(secret).flatMap(naming)], {
      predicate: anyVersion,
    }),
    watching(controlPlanes, (object) => naming(keyOf(object)), { predicate: controlPlaneMatters }),
    // Those of control planes are named after them: Coder answers again.
    watching(deployments, (deployment) => naming(keyOf(deployment)), { predicate: podsChanged }),
  ];
}

/** The token that pods run with was written down, or is another one. */
const markChanged: Predicate<Deployment> = {
  updated: (before, after) =>
    before.metadata.annotations?.[TOKEN_ANNOTATION] !== after.metadata.annotations?.[TOKEN_ANNOTATION],
};

/** What lists say anew of proxies, whoever asked for them. */
export class ProxyNews implements Source {
  /** How often, by `namespace/name`. */
  readonly #counts = new Map<string, number>();

  constructor(
    private readonly proxies: { list(): readonly CoderWorkspaceProxy[] },
    private readonly listings: Pick<Listings, "onNews">,
  ) {}

  /** How often there was something new of a proxy. */
  of(key: ObjectKey): number {
    return this.#counts.get(keyText(key)) ?? 0;
  }

  forget(key: ObjectKey): void {
    this.#counts.delete(keyText(key));
  }

  start(enqueue: Enqueue): () => void {
    return this.listings.onNews((said) => {
      if (said.kind !== "proxies") return;
      for (const object of this.proxies.list()) {
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
export class GivenAddresses {
  readonly #given = new Map<string, Set<string>>();

  /** Remembers that of a proxy's spec. Takes a raw object, which may have any shape. */
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
