/** What a decision about an image rests on, read from objects. Pure. */
import type { ControlPlane, ControlPlaneSpec, ControlPlaneStatus } from "../../api/control_plane.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { rolloutOf } from "../../operator/children/rollout.ts";
import { type RolloutState, rolloutState, templateImage } from "./rollout_state.ts";
import { type Migration, schemaMoved, schemaSeen } from "./schema.ts";
import { latest, parseVersion, type Version } from "./version.ts";
import { versionOfImage } from "./image.ts";

/** On a control plane: any new value tries again what failed, a backup or a rollout. */
export const RETRY_ANNOTATION = "coder.com/retry-upgrade";

/** `spec.upgrade` */
export type UpgradeSettings = NonNullable<ControlPlaneSpec["upgrade"]>;

/** The state of an image change. */
export interface UpgradeFacts {
  /** The spec's image. */
  readonly wanted: string;
  /** The image that was last let through; undefined where there never was one. */
  readonly released: string | undefined;
  /** The image that was last rolled out completely. */
  readonly completed: string | undefined;
  /** The latest version that may have changed the database schema; undefined where no version is known. */
  readonly floor: Version | undefined;
  /** Some pod of this control plane has been ready at some time, so that there is a schema to protect. */
  readonly hasRun: boolean;
  /** A pod of `released` has been ready. */
  readonly releasedRan: boolean;
  /** A pod of another image than `completed` has been ready since. */
  readonly othersRan: boolean;
  /** The database may be another image's than `completed`'s: its number says so, or else {@linkcode othersRan}. */
  readonly moved: boolean;
  /** The number itself says so. */
  readonly schemaMoved: boolean;
  /** The number of the database's migration, as it is now; undefined where it is not known. */
  readonly migration: Migration | undefined;
  readonly settings: UpgradeSettings;
  /** The value of {@linkcode RETRY_ANNOTATION}. */
  readonly retry: string;
  readonly state: RolloutState | undefined;
}

/** What the facts are read from. */
export interface FactSources {
  controlPlane: ControlPlane;
  /** What was last written; the spec's object need not have it. */
  status: ControlPlaneStatus | undefined;
  /** Ours, as far as known. */
  deployment: Deployment | undefined;
  /** Version that Coder itself has said, in this process. */
  said: string | undefined;
  /** The number of the database's migration, read since the spec changed last. @default not known */
  migration?: Migration | undefined;
}

/** Reads the facts. */
export function upgradeFacts(
  { controlPlane, status, deployment, said, migration }: FactSources,
): UpgradeFacts {
  const { metadata, spec } = controlPlane;
  const wanted = spec.image;
  const completed = status?.image;
  const running = parseVersion(said ?? status?.version ?? "");
  const live = templateImage(deployment);
  const state = rolloutState(deployment);
  const released = releasedImage({ wanted, live, recorded: state?.image ?? completed });
  const current = state !== undefined && state.image === released ? state : undefined;
  const pods = newPods(deployment);
  const releasedRan = released !== undefined &&
    (released === completed || current?.ready === true || (released === live && pods.ready > 0));
  const othersRan = released !== completed && (releasedRan || current?.moved === true);
  const byNumber = released === completed ? undefined : schemaMoved(current?.schema, migration);
  const ran = [
    versionOfImage(completed),
    running,
    parseVersion(current?.floor ?? ""),
    ...(releasedRan || byNumber === true || (completed === undefined && current === undefined)
      ? [versionOfImage(released)]
      : []),
  ];
  return {
    wanted,
    released,
    completed,
    floor: latest(ran),
    hasRun: completed !== undefined || running !== undefined ||
      (deployment?.status?.readyReplicas ?? 0) > 0,
    releasedRan,
    othersRan,
    moved: byNumber ?? othersRan,
    schemaMoved: byNumber === true,
    migration,
    settings: spec.upgrade ?? {},
    retry: metadata.annotations?.[RETRY_ANNOTATION] ?? "",
    state: withSchema(current, migration),
  };
}

function withSchema(state: RolloutState | undefined, seen: Migration | undefined): RolloutState | undefined {
  const schema = schemaSeen(state?.schema, seen);
  return state === undefined || schema === undefined ? state : { ...state, schema };
}

/**
 * What is in the pod template already is not asked about again. Where somebody put something else there by hand, what we
 * let through last counts; unless that is earlier than what runs, as after another operator's work.
 */
function releasedImage(
  { wanted, live, recorded }: Record<"wanted" | "live" | "recorded", string | undefined>,
): string | undefined {
  if (live === undefined) return recorded;
  if (recorded === undefined || live === wanted) return live;
  if (recorded === wanted) return recorded;
  const versions = [versionOfImage(recorded), versionOfImage(live)];
  return latest(versions) === versions[0] ? recorded : live;
}

/** Pods of the current template. */
export interface NewPods {
  readonly count: number;
  /** At least so many of them are ready. */
  readonly ready: number;
}

/** Counts the pods of the current template, as far as a Deployment tells. */
export function newPods(deployment: Deployment | undefined): NewPods {
  const { metadata, status } = deployment ?? {};
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return { count: 0, ready: 0 };
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status ?? {};
  // At worst every older pod is among the ready ones.
  return { count: updatedReplicas, ready: Math.max(0, readyReplicas - (replicas - updatedReplicas)) };
}

/** True where every pod runs `image` and at least one of them is ready: with none at all nothing is proven. */
export function isRolledOut(deployment: Deployment | undefined, image: string | undefined): boolean {
  if (deployment === undefined || image === undefined || templateImage(deployment) !== image) return false;
  const rollout = rolloutOf(deployment);
  return rollout.complete && rollout.ready > 0;
}
