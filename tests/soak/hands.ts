/** Carries out what users do, as kubectl would ask for it, again and again while the API server is down. */
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import type { KubeObject } from "../../src/api/object.ts";
import { RestError, waitFor } from "../cluster/mod.ts";
import type { Scene } from "../faults/scene.ts";
import type { Coders } from "./coders.ts";
import type { Child, UserStep } from "./plan.ts";

/** Long enough for an API server to come back and for a garbage collector to finish a deletion in the foreground. */
const PATIENCE_MS = 180_000;

export const NOTE = "example.com/note";
export const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";
const STRATEGIC = "application/strategic-merge-patch+json";

/** What was done to a child that the operator has to leave as it is, as long as it is that very object. */
export interface Mark {
  uid: string;
  value: string;
}

/** What became of the steps. */
export class Ledger {
  /** By `<child>/<plane>`: the foreign annotation that an edit left. */
  readonly notes = new Map<string, Mark>();
  /** By control plane, of its Deployment. */
  readonly restarts = new Map<string, Mark>();
  readonly scales = new Map<string, Mark>();
  /** Steps that found nothing to be done to: the child was not there. */
  missed = 0;
}

/** The patch that changes a field of a child, and leaves a note of somebody else's besides. */
export function handEdit(child: Child, field: string, mark: number): object {
  const note = { annotations: { [NOTE]: String(mark) } };
  const container = (change: object) => ({
    metadata: note,
    spec: { template: { spec: { containers: [{ name: "coder", ...change }] } } },
  });
  const ports = (...items: object[]) => ({
    metadata: note,
    spec: { ports: [{ $patch: "replace" }, ...items] },
  });
  const edits: Record<string, object> = {
    "deployments image": container({ image: `example.com/by-hand:${mark}` }),
    "deployments variable": container({ env: [{ name: "TEST_0", $patch: "delete" }] }),
    "deployments replicas": { metadata: note, spec: { replicas: 5 } },
    "deployments labels": { metadata: { ...note, labels: { "app.kubernetes.io/managed-by": "somebody" } } },
    "services port": ports({ name: "http", port: 20_000 + mark, targetPort: 8080 }),
    "services nameless port": ports({ port: 20_000 + mark }),
    "services selector": { metadata: note, spec: { selector: { "by-hand": String(mark) } } },
    "services annotation": {
      metadata: { annotations: { ...note.annotations, "example.com/revision": `by-hand-${mark}` } },
    },
    "serviceaccounts labels": { metadata: { ...note, labels: { "app.kubernetes.io/managed-by": null } } },
  };
  const edit = edits[`${child} ${field}`];
  if (edit === undefined) throw new Error(`nothing is known about an edit of ${field} of ${child}`);
  return edit;
}

/** When the `mark`th step restarted something: all that counts is that no two are alike. */
export function restartTime(mark: number): string {
  return new Date(Date.UTC(2024, 0, 1) + mark * 1_000).toISOString();
}

/** One user for each control plane: what cannot be done yet holds up nobody else's. */
export class Users {
  #work = new Map<string, Promise<void>>();
  #failures: unknown[] = [];

  constructor(
    private readonly scene: Scene,
    private readonly ledger: Ledger,
    private readonly signal: AbortSignal,
    /** Where the control planes' Coders are, for steps that are about them. */
    private readonly coders?: Coders,
  ) {}

  /** Begins a step, after those of the same control plane. */
  begin(step: UserStep): void {
    const before = this.#work.get(step.plane) ?? Promise.resolve();
    const done = before.then(() => carryOut(this.scene, step, this.ledger, this.signal, this.coders));
    this.#work.set(step.plane, done.catch((error) => void this.#failures.push(error)));
  }

  /** Waits until all is done. @throws where something could not be done */
  async finish(): Promise<void> {
    await Promise.all(this.#work.values());
    if (this.#failures.length > 0) {
      throw new AggregateError(this.#failures, `users could not do what they wanted: ${this.#failures[0]}`);
    }
  }
}

/** Carries a step out and writes down what has to stay. @throws {WaitTimeoutError} where it cannot be done */
async function carryOut(
  scene: Scene,
  step: UserStep,
  ledger: Ledger,
  signal?: AbortSignal,
  coders?: Coders,
): Promise<void> {
  await waitFor(async () => {
    try {
      await once(scene, step, ledger, coders);
    } catch (error) {
      // Deleted by an earlier try, or a child that is not there now. Control planes have to be there.
      if (step.type === "create" || step.type === "edit" || !isStatus(error, 404)) throw error;
      if (step.type !== "delete") ledger.missed++;
    }
    return true;
  }, {
    what: `${step.type} of ${step.plane}`,
    timeoutMs: PATIENCE_MS,
    intervalMs: 100,
    ...(signal === undefined ? {} : { signal }),
  });
}

async function once(scene: Scene, step: UserStep, ledger: Ledger, coders?: Coders): Promise<void> {
  const { cluster } = scene;
  const { plane } = step;
  const patch = async (path: string, body: object, contentType = STRATEGIC) =>
    await cluster.request("PATCH", path, body, { contentType }) as KubeObject;
  switch (step.type) {
    case "create":
      return await create(scene, step);
    case "edit":
      return void await scene.change(plane, { spec: step.spec });
    case "delete":
      return await remove(scene, `${scene.collection}/${plane}`, step.propagation);
    case "delete child":
      return await remove(scene, scene.path(step.child, plane), "Background");
    case "edit child": {
      const { child, field, mark } = step;
      const { metadata } = await patch(
        `${scene.path(child, plane)}?fieldManager=kubectl-edit`,
        handEdit(child, field, mark),
      );
      return void ledger.notes.set(`${child}/${plane}`, { uid: metadata.uid ?? "", value: String(mark) });
    }
    case "scale": {
      const path = `${scene.path("deployments", plane)}/scale?fieldManager=kubectl`;
      const body = { spec: { replicas: step.replicas } };
      const { metadata } = await patch(path, body, "application/merge-patch+json");
      return void ledger.scales.set(plane, { uid: metadata.uid ?? "", value: String(step.replicas) });
    }
    case "rollout restart": {
      const value = restartTime(step.mark);
      const path = `${scene.path("deployments", plane)}?fieldManager=kubectl-rollout`;
      const annotations = { [RESTARTED_AT]: value };
      const { metadata } = await patch(path, { spec: { template: { metadata: { annotations } } } });
      return void ledger.restarts.set(plane, { uid: metadata.uid ?? "", value });
    }
    case "delete token Secret":
      return await remove(scene, secretPath(scene, plane), "Background");
    case "spoil token Secret":
      return void await patch(secretPath(scene, plane), {
        data: { token: btoa(`${String(step.mark).padStart(10, "0")}-spoiled`) },
      });
    case "revoke token":
      return void await coders?.revoke(scene.namespace, plane);
  }
}

/** Where the operator's token for a control plane is. */
export function secretPath({ namespace }: Pick<Scene, "namespace">, plane: string): string {
  return `/api/v1/namespaces/${namespace}/secrets/${plane}-operator-token`;
}

/** An earlier try may have arrived although its answer was lost; an object that is on its way out has to go first. */
async function create(scene: Scene, step: UserStep & { type: "create" }): Promise<void> {
  try {
    await scene.create(step.plane, step.spec);
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
    const there: CoderControlPlane | undefined = await scene.plane(step.plane);
    if (there === undefined || there.metadata.deletionTimestamp !== undefined) throw error;
  }
}

async function remove({ cluster }: Scene, path: string, propagationPolicy: string): Promise<void> {
  await cluster.request("DELETE", `${path}?propagationPolicy=${propagationPolicy}`);
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof RestError && error.status === status;
}
