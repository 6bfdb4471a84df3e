/** A seeded stream of what users do to control planes; the same seed gives the same stream. */
import type { ControlPlaneSpecInput } from "../../src/api/control_plane.ts";
import { below, pick } from "../../src/telemetry/testing/random.ts";
import { RestError, waitFor } from "../cluster/mod.ts";
import { LONGEST_END_MS, type Scene } from "./scene.ts";

/** One thing that a user does. */
export type Change =
  | { type: "create"; name: string; spec: ControlPlaneSpecInput }
  | { type: "edit"; name: string; spec: ControlPlaneSpecInput }
  | { type: "delete"; name: string };

/** Changes, and which control planes are there when all are done. */
export interface Plan {
  readonly changes: readonly Change[];
  readonly left: readonly string[];
}

/** A spec that names every field which {@linkcode randomSpec} may ever set, so that an edit replaces it all. */
export function randomSpec(random: () => number): ControlPlaneSpecInput {
  const variables = Array.from({ length: below(random, 4) }, (_, i) => ({
    name: `TEST_${i}`,
    value: `v${below(random, 1_000)}`,
  }));
  return {
    image: `ghcr.io/coder/coder:v2.${below(random, 50)}.0`,
    // Versions go up and down here, for no database has to follow.
    upgrade: { allowDowngrade: true },
    replicas: below(random, 3),
    extraEnv: variables,
    service: {
      port: pick(random, [80, 8080, 9000 + below(random, 100)]),
      annotations: { "example.com/revision": String(below(random, 1_000)) },
    },
  };
}

/** Plans `count` changes of `names`. Deleted names come back as other objects. */
export function planChanges(random: () => number, names: readonly string[], count: number): Plan {
  const alive = new Set<string>();
  const changes = Array.from({ length: count }, (): Change => {
    const name = pick(random, names);
    if (!alive.has(name)) {
      alive.add(name);
      return { type: "create", name, spec: randomSpec(random) };
    }
    if (random() < 0.25) {
      alive.delete(name);
      return { type: "delete", name };
    }
    return { type: "edit", name, spec: randomSpec(random) };
  });
  return { changes, left: names.filter((name) => alive.has(name)) };
}

/** Carries a change out, again and again while the API server is down. */
export async function carryOut(scene: Scene, change: Change): Promise<void> {
  await waitFor(async () => {
    try {
      if (change.type === "create") await scene.create(change.name, change.spec);
      else if (change.type === "edit") await scene.change(change.name, { spec: change.spec });
      else await scene.remove(change.name);
    } catch (error) {
      const exists = change.type === "create" && error instanceof RestError && error.status === 409;
      if (!exists) throw error;
      const there = await scene.plane(change.name);
      // One that was deleted holds the name until the operator has cleaned up; else an earlier try arrived although its
      // answer was lost.
      if (there === undefined || there.metadata.deletionTimestamp !== undefined) throw error;
    }
    return true;
  }, { what: `${change.type} of ${change.name}`, timeoutMs: LONGEST_END_MS, intervalMs: 100 });
}
