/** What the operator's access has to look like after a run, in Kubernetes and in Coder, and where it does not. */
import type { CoderControlPlane, ControlPlaneSpecInput } from "../../src/api/control_plane.ts";
import type { KubeObject } from "../../src/api/object.ts";
import type { Scene } from "../faults/scene.ts";
import { type Coders, type Key, OPERATOR } from "./coders.ts";
import { secretPath } from "./hands.ts";

/** Everything else that the operator makes and its label is on. */
const OWNED = [
  "/api/v1/namespaces/NS/secrets",
  "/apis/policy/v1/namespaces/NS/poddisruptionbudgets",
  "/apis/rbac.authorization.k8s.io/v1/namespaces/NS/roles",
  "/apis/rbac.authorization.k8s.io/v1/namespaces/NS/rolebindings",
  "/apis/networking.k8s.io/v1/namespaces/NS/ingresses",
  "/apis/batch/v1/namespaces/NS/jobs",
] as const;

/** What one control plane's access looks like. */
export interface AccessSeen {
  readonly plane: CoderControlPlane;
  /** The token in its Secret; undefined where there is no Secret. */
  readonly token: string | undefined;
  /** Who Coder says the token's user is; empty where it refuses it. */
  readonly user: string;
}

/** The access of a whole namespace. */
export interface AccessWorld {
  readonly seen: ReadonlyMap<string, AccessSeen>;
  readonly keys: readonly Key[];
  /** Objects that no control plane there owns. */
  readonly leaked: readonly string[];
}

/** Reads it all. */
export async function observeAccess(scene: Scene, coders: Coders): Promise<AccessWorld> {
  const { cluster, namespace } = scene;
  const planes: CoderControlPlane[] = (await cluster.request("GET", scene.collection)).items;
  const seen = await Promise.all(planes.map(async (plane): Promise<[string, AccessSeen]> => {
    const name = plane.metadata.name ?? "";
    const encoded = (await cluster.find(secretPath(scene, name)))?.data?.token;
    const token = typeof encoded === "string" ? atob(encoded) : undefined;
    const answer = token === undefined
      ? undefined
      : await coders.of(name).send("GET", "/api/v2/users/me", { token });
    const body = answer?.body as { username?: string } | undefined;
    return [name, { plane, token, user: answer?.status === 200 ? body?.username ?? "" : "" }];
  }));
  const alive = new Set(planes.map(({ metadata }) => metadata.uid));
  const query = "?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dcoder-k8s";
  const lists = await Promise.all(OWNED.map(async (path) => {
    const { items } = await cluster.request("GET", `${path.replace("NS", namespace)}${query}`);
    return (items as KubeObject[]).filter(({ metadata }) =>
      !(metadata.ownerReferences ?? []).some(({ uid }) => alive.has(uid))
    ).map(({ metadata }) => `${path.split("/").at(-1)}/${metadata.name}`);
  }));
  return { seen: new Map(seen), keys: await coders.keys(), leaked: lists.flat() };
}

/** What is asked of the access. */
export interface AccessWishes {
  readonly specs: ReadonlyMap<string, ControlPlaneSpecInput>;
  /** The names that the tokens of a control plane may have. */
  readonly names: (plane: string) => readonly string[];
  readonly coderOf: (plane: string) => number;
  /** How many tokens a control plane may have: a token that was replaced lives on for an hour. */
  readonly mostTokens: 1 | 2;
}

/** Everything about access that is not as users last asked for. */
export function accessViolations(
  world: AccessWorld,
  { specs, names, coderOf, mostTokens }: AccessWishes,
): string[] {
  const wrong = world.leaked.map((what) => `${what} is left of a deleted control plane`);
  const expected = new Set<Key>();
  for (const [name, spec] of specs) {
    const seen = world.seen.get(name);
    // That it is not there is told elsewhere.
    if (seen === undefined) continue;
    const keys = world.keys.filter((key) => names(name).includes(key.name) && key.coder === coderOf(name));
    for (const key of keys) expected.add(key);
    const most = spec.operatorAccess?.disabled === true ? 0 : mostTokens;
    wrong.push(...ofPlane(seen, keys, most).map((text) => `${name}: ${text}`));
  }
  for (const key of world.keys) {
    if (!expected.has(key)) {
      wrong.push(`token ${key.name} is left in Coder ${key.coder}, and no control plane has it`);
    }
  }
  return wrong;
}

function ofPlane({ plane, token, user }: AccessSeen, keys: readonly Key[], mostTokens: number): string[] {
  const condition = plane.status?.conditions?.find(({ type }) => type === "OperatorAccess");
  const words = `OperatorAccess is ${condition?.status} (${condition?.reason}: ${condition?.message})`;
  if (mostTokens === 0) {
    return [
      ...(keys.length === 0 ? [] : [`access is off, and Coder has ${keys.length} tokens`]),
      ...(token === undefined ? [] : ["access is off, and the Secret is there"]),
      ...(condition?.status === "True" ? [words] : []),
      ...(plane.status?.operatorAccessReady === true ? ["access is off, and the status calls it ready"] : []),
    ];
  }
  return [
    ...(keys.length > 0 && keys.length <= mostTokens ? [] : [`Coder has ${keys.length} tokens of it`]),
    ...(token === undefined ? ["there is no Secret with its token"] : []),
    ...(token !== undefined && !keys.some(({ id }) => token.startsWith(`${id}-`))
      ? ["the token in its Secret is none that Coder has"]
      : []),
    ...(token !== undefined && user !== OPERATOR ? [`Coder says that its token is of "${user}"`] : []),
    ...(condition?.status === "True" ? [] : [words]),
    ...(plane.status?.operatorAccessReady === true ? [] : ["the status does not call access ready"]),
    ...(plane.status?.version === "v2.30.0" ? [] : [`the status tells version ${plane.status?.version}`]),
  ];
}
