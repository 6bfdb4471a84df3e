/** What the world has to look like after a chaos run, and where it does not. */
import type { CoderControlPlane, ControlPlaneSpecInput } from "../../src/api/control_plane.ts";
import type { KubeObject } from "../../src/api/object.ts";
import type { Scene } from "../faults/scene.ts";
import { type Children, shortcomings } from "../faults/shortcomings.ts";
import { type Ledger, NOTE, RESTARTED_AT } from "./hands.ts";
import { CHILDREN } from "./plan.ts";

/** The objects of one namespace, by name. */
export interface World {
  readonly planes: ReadonlyMap<string, CoderControlPlane>;
  readonly children: ReadonlyMap<string, Children>;
  /** `<resource>/<name>` and owners' uids of all that carries the operator's label. */
  readonly owned: readonly { what: string; owners: readonly string[] }[];
}

/** Reads it all, in a few lists. */
export async function observe(scene: Scene): Promise<World> {
  const list = async <T>(path: string): Promise<T[]> => (await scene.cluster.request("GET", path)).items;
  const planes = await list<CoderControlPlane>(scene.collection);
  const lists = await Promise.all(CHILDREN.map((child) => list<KubeObject>(scene.path(child))));
  const byName = lists.map((objects) => new Map(objects.map((each) => [each.metadata.name ?? "", each])));
  const names = new Set([...planes, ...lists.flat()].map(({ metadata }) => metadata.name ?? ""));
  const owned = lists.flatMap((objects, i) =>
    objects
      .filter(({ metadata }) => (metadata.ownerReferences ?? []).length > 0 || isLabelled(metadata.labels))
      .map(({ metadata }) => ({
        what: `${CHILDREN[i]}/${metadata.name}`,
        owners: (metadata.ownerReferences ?? []).map(({ uid }) => uid),
      }))
  );
  const [deployments, services, accounts] = byName;
  return {
    planes: new Map(planes.map((plane) => [plane.metadata.name ?? "", plane])),
    children: new Map([...names].map((name) => [name, {
      deployment: deployments?.get(name),
      service: services?.get(name),
      serviceAccount: accounts?.get(name),
    }])),
    owned,
  };
}

/** Everything that is not as users last asked for; nothing where all is right. */
export function violations(
  world: World,
  specs: ReadonlyMap<string, ControlPlaneSpecInput>,
  ledger: Ledger,
): string[] {
  const wrong: string[] = [];
  for (const [name, spec] of specs) {
    const plane = world.planes.get(name);
    if (plane === undefined) wrong.push(`${name}: the control plane is not there`);
    else {
      const children = world.children.get(name) ?? {};
      wrong.push(...differences(name, { plane, children, spec }, ledger).map((text) => `${name}: ${text}`));
    }
  }
  for (const [name, { metadata }] of world.planes) {
    if (specs.has(name)) continue;
    const state = metadata.deletionTimestamp === undefined ? "is still there" : "is still being deleted";
    wrong.push(`${name}: the deleted control plane ${state}`);
  }
  const alive = new Set([...world.planes.values()].map(({ metadata }) => metadata.uid));
  for (const { what, owners } of world.owned) {
    if (!owners.some((uid) => alive.has(uid))) wrong.push(`${what} is left of a deleted control plane`);
  }
  return wrong;
}

interface One {
  plane: CoderControlPlane;
  children: Children;
  spec: ControlPlaneSpecInput;
}

function differences(name: string, { plane, children, spec }: One, ledger: Ledger): string[] {
  const { deployment, service, serviceAccount } = children;
  const wrong: string[] = [];
  for (const field of Object.keys(spec) as (keyof ControlPlaneSpecInput)[]) {
    if (!includes(plane.spec?.[field], spec[field])) {
      wrong.push(`spec.${field} is ${text(plane.spec?.[field])}, not ${text(spec[field])} as asked for`);
    }
  }
  // A number that was set by hand may stay; whether it must depends on what the operator had seen when it was set.
  const scale = ledger.scales.get(name);
  const actual = deployment?.spec?.replicas;
  const byHand = scale !== undefined && scale.uid === deployment?.metadata.uid &&
    scale.value === String(actual);
  const wanted = byHand ? actual : plane.spec?.replicas;
  const asIfWanted = wanted === undefined ? plane : { ...plane, spec: { ...plane.spec, replicas: wanted } };
  wrong.push(...shortcomings(asIfWanted, children));
  // Says whose turn it is: the cluster's to run the pods, or the operator's to tell of them.
  const ready = deployment?.status?.readyReplicas ?? 0;
  if (wanted !== undefined && ready !== wanted) wrong.push(`the cluster runs ${ready} pods of ${wanted}`);

  const expect = (what: string, is: unknown, should: unknown) => {
    if (text(is) !== text(should)) wrong.push(`${what} is ${text(is)}, not ${text(should)}`);
  };
  const objects = { deployments: deployment, services: service, serviceaccounts: serviceAccount };
  for (const child of CHILDREN) {
    const object: KubeObject | undefined = objects[child];
    if (object === undefined) continue;
    expect(`managed-by label of ${child}`, object.metadata.labels?.[MANAGED_BY], "coder-k8s");
    const note = ledger.notes.get(`${child}/${name}`);
    if (note !== undefined && note.uid === object.metadata.uid) {
      expect(`the note that somebody put on ${child}`, object.metadata.annotations?.[NOTE], note.value);
    }
  }
  const pods = deployment?.spec?.selector.matchLabels;
  if (service !== undefined) expect("selector of the Service", sorted(service.spec?.selector), sorted(pods));
  const restart = ledger.restarts.get(name);
  if (restart !== undefined && restart.uid === deployment?.metadata.uid) {
    const annotations = deployment.spec?.template.metadata?.annotations;
    expect("the time of the rollout restart", annotations?.[RESTARTED_AT], restart.value);
  }
  return wrong;
}

const MANAGED_BY = "app.kubernetes.io/managed-by";

function isLabelled(labels: Record<string, string> | undefined): boolean {
  return labels?.[MANAGED_BY] === "coder-k8s";
}

/** Whether all that `wanted` says is so; the API server adds defaults. */
function includes(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(actual) && actual.length === wanted.length &&
      wanted.every((each, i) => includes(actual[i], each));
  }
  if (typeof wanted === "object" && wanted !== null) {
    return typeof actual === "object" && actual !== null &&
      Object.entries(wanted).every(([key, each]) => includes((actual as Record<string, unknown>)[key], each));
  }
  return actual === wanted;
}

function sorted(map: Readonly<Record<string, string>> | undefined): [string, string][] {
  return Object.entries(map ?? {}).sort(([a], [b]) => a < b ? -1 : 1);
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}
