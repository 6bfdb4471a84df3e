/** Server-side apply of one object of an installation, which tells what it took from whom. */
import { keyOf, type KubeObject } from "../../api/object.ts";
import type { CallOptions, KubeClient } from "../../kube/client.ts";
import { isConflict, isNotFound, KubeApiError } from "../../kube/errors.ts";
import { planAdoption } from "./adopt.ts";
import { INSTALL_MANAGER, typeOf } from "./objects.ts";

export type ApplyOutcome = "created" | "configured" | "unchanged";

/** Fields that somebody else had set to something else. */
export interface Taken {
  readonly field: string;
  readonly from: string;
}

export interface Applied {
  readonly outcome: ApplyOutcome;
  readonly live: KubeObject;
  /** Fields that are ours from now on. */
  readonly taken: readonly Taken[];
  /** Fields that were left to who had set them. */
  readonly left: readonly Taken[];
  /** Appliers whose whole place we took. */
  readonly follows: readonly string[];
}

export interface ApplyObjectOptions extends Pick<CallOptions, "signal"> {
  readonly dryRun?: boolean;
  /** Follows Helm and GitOps tools, too. @default {false} */
  readonly takesOwnership?: boolean;
  /** A number of replicas that somebody has set stays as it is. @default {true} */
  readonly leavesReplicas?: boolean;
}

/** How often others may write in between. */
const ATTEMPTS = 10;

/** Makes the live object carry `desired`. @throws {KubeApiError} where the API server refuses it */
export async function applyObject(
  client: Pick<KubeClient, "get" | "patch">,
  desired: KubeObject,
  options: ApplyObjectOptions = {},
): Promise<Applied> {
  const { dryRun = false, takesOwnership = false, leavesReplicas = true, signal } = options;
  const [type, key] = [typeOf(desired), keyOf(desired)];
  const call = signal === undefined ? {} : { signal };
  const write = { ...call, fieldManager: INSTALL_MANAGER, ...(dryRun ? { dryRun } : {}) };
  const send = (body: KubeObject, force: boolean) =>
    client.patch(type, key, { type: "apply", body, force }, write);
  const find = () =>
    client.get(type, key, call).catch((error) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });

  const first = await find();
  let before = first;
  let follows: readonly string[] = [];
  for (let attempt = 0; before !== undefined && !dryRun; attempt++) {
    const adoption = planAdoption(before, takesOwnership);
    if (adoption === undefined) break;
    follows = adoption.from;
    try {
      before = await client.patch(type, key, { type: "json", body: adoption.patch }, write);
    } catch (error) {
      // Somebody wrote in between: the test on the version says it with 422, a race inside of the server with 409.
      const isRace = isConflict(error) || (error instanceof KubeApiError && error.code === 422);
      if (!isRace || attempt >= ATTEMPTS) throw error;
      before = await find();
    }
  }

  let body = desired;
  let left: readonly Taken[] = [];
  const done = (live: KubeObject, taken: readonly Taken[]): Applied => ({
    outcome: first === undefined ? "created" : isSame(first, live) ? "unchanged" : "configured",
    live,
    taken,
    left,
    follows,
  });
  try {
    return done(await send(body, false), []);
  } catch (error) {
    const conflicts = conflictsOf(error);
    if (conflicts.length === 0) throw error;
    if (leavesReplicas) {
      left = conflicts.filter(({ field }) => field === ".spec.replicas");
      if (left.length > 0) body = withoutReplicas(body);
    }
    return done(await send(body, true), conflicts.filter((conflict) => !left.includes(conflict)));
  }
}

/** Apart from what the API server and controllers write by themselves. */
function isSame(before: KubeObject, after: KubeObject): boolean {
  return shown(before) === shown(after);
}

function shown(object: KubeObject): string {
  const { metadata: { managedFields: _, generation: __, resourceVersion: ___, ...metadata }, ...rest } =
    object;
  return JSON.stringify({ ...rest, metadata, status: undefined });
}

function conflictsOf(error: unknown): Taken[] {
  if (!isConflict(error)) return [];
  const { causes } = ((error as KubeApiError).details ?? {}) as { causes?: unknown };
  return (Array.isArray(causes) ? causes : []).flatMap((cause) => {
    const { reason, field, message } = cause as Record<string, unknown>;
    if (reason !== "FieldManagerConflict") return [];
    const from = /conflict with "([^"]*)"/.exec(String(message))?.[1] ?? "somebody";
    return [{ field: String(field), from }];
  });
}

function withoutReplicas(object: KubeObject): KubeObject {
  const { replicas: _, ...spec } = (object as unknown as { spec: { replicas?: number } }).spec;
  return { ...object, spec } as KubeObject;
}
