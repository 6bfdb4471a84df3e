/** What tests of rotations see of keys: who has which, and what is true at the moment in which Coder deletes one. */
import assert from "node:assert/strict";
import type { ListingsOptions } from "../../src/inventory/mod.ts";
import { waitFor } from "../cluster/mod.ts";
import type { FakeProvisionerKey } from "../fake-coder/state.ts";
import { provisioners } from "../operator/compose.ts";
import type { CoderHome } from "../operator/coder_home.ts";
import type { RunningOperator } from "../operator/controllers.ts";
import type { WorldOperatorOptions } from "../operator/world.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { CHECKSUM, KEY_ROUTE, type ProvisionerRig } from "./rig.ts";

/** Lists that do not keep tests waiting. */
export const FAST: ListingsOptions = { verifyEveryMs: 200, workEveryMs: 200, freshGapMs: 50 };

/** A moment long ago: no key that is so old was made just now. */
export const LONG_AGO = "2020-01-01T00:00:00Z";

/** Passes and visits over provisioners. */
export function operate(
  rig: ProvisionerRig,
  { now, ...options }: WorldOperatorOptions & { now?: () => Date } = {},
): Promise<RunningOperator> {
  return rig.operator(provisioners({ listings: FAST, ...(now && { now }) }), options);
}

/** A provisioner whose pods run, and its key. */
export async function running(
  rig: ProvisionerRig,
  spec: Parameters<ProvisionerRig["provisioner"]>[1] = {},
  name = "prov",
): Promise<FakeProvisionerKey> {
  await rig.provisioner(name, spec);
  await rig.podsReady(name, spec.replicas ?? 1);
  await rig.settled(name);
  const key = rig.keyInCoder(await rig.key(name));
  assert.ok(key !== undefined, "the Secret holds a key of Coder");
  return key;
}

/** What the end of a rotation looks like. */
export interface Rotated {
  /** @default {"prov"} */
  name?: string;
  /** The Coder of the new key. @default {the first} */
  home?: CoderHome;
  /** @default {1} */
  replicas?: number;
  /** Ends the wait. */
  signal?: AbortSignal;
}

/** Waits until the Secret and all pods have another key than `before`, and Coder no other. */
export async function rotated(
  rig: ProvisionerRig,
  before: FakeProvisionerKey,
  { name = "prov", home = rig.coder, replicas = 1, signal }: Rotated = {},
): Promise<FakeProvisionerKey> {
  return await waitFor(async () => {
    const key = rig.keyInCoder(await rig.key(name), home);
    if (key === undefined || key.id === before.id) return;
    const pods = await rig.pods(name);
    const users = pods.filter((pod) => pod.ready && rig.keyOfPod(pod, home)?.id === key.id);
    const all = users.length === replicas && pods.length === replicas;
    return all && home.fake.state.provisionerKeys.length === 1 ? key : undefined;
  }, {
    what: `a key after ${before.name} that all pods have, and no other`,
    timeoutMs: 180_000,
    ...(signal && { signal }),
  });
}

/** Asks for a visit to Coder and waits until it has ended. */
export async function visited(operator: RunningOperator, name = "prov"): Promise<void> {
  const before = operator.passes(name, 1);
  operator.visit(name);
  await waitFor(() => operator.passes(name, 1) > before, { what: `a visit for ${name}`, intervalMs: 10 });
}

/** Waits until a condition has a status for a reason; its message. */
export async function said(
  rig: ProvisionerRig,
  type: string,
  status: "True" | "False" | "Unknown",
  reason: string,
  name = "prov",
): Promise<string> {
  const found = await waitFor(async () => {
    const condition = await rig.provisioners.condition(name, type, status);
    if (condition.reason === reason) return condition;
    throw new Error(`${type} is ${status} for ${condition.reason}: ${condition.message}`);
  }, { what: `${type} of ${name} to be ${status} for ${reason}` });
  return found.message;
}

/** The time that visits go by: the real one, ahead of it by what a test wants, and at rest while a test looks. */
export class TestTime {
  #aheadMs = 0;
  #heldAt: number | undefined;

  readonly now = () => new Date((this.#heldAt ?? Date.now()) + this.#aheadMs);

  /** From now on no time passes, however long the test takes: nothing becomes due. */
  hold(): void {
    this.#heldAt = Date.now();
  }

  /** So much later it goes on. */
  skip(ms: number): void {
    this.#heldAt = undefined;
    this.#aheadMs += ms;
  }
}

/** Waits until a visit and a pass have written nothing: what the cluster still has to tell may come first. */
export async function comesToRest(rig: ProvisionerRig, operator: RunningOperator): Promise<void> {
  await waitFor(async () => {
    const mark = await rig.cluster.audit.mark();
    await visited(operator);
    await operator.again("prov");
    const writes = (await rig.cluster.audit.since(mark)).writes(OPERATOR_USER);
    return !writes.some(({ namespace }) => namespace === rig.namespace);
  }, { what: "a visit and a pass that write nothing" });
}

/** Waits until Events about a provisioner have all of these reasons, as often as they are named. */
export async function told(rig: ProvisionerRig, reasons: readonly string[], name = "prov"): Promise<void> {
  await waitFor(async () => {
    const left = await rig.live.eventReasons(name);
    const missing = reasons.filter((reason) => {
      const at = left.indexOf(reason);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
    return missing.length === 0 ||
      Promise.reject(new Error(`${missing.join(", ")} missing beside ${left.join(", ")}`));
  }, { what: `the Events about ${name}` });
}

/** Waits until the record of keys has nothing that is to be made or deleted. */
export async function nothingLeft(rig: ProvisionerRig, name = "prov"): Promise<void> {
  await waitFor(async () => (await rig.provisioners.stored(name)).status?.keyIntents === undefined, {
    what: "no key to be left to make or to delete",
  });
}

/** Makes the present key look old, so that nothing waits because it is new. */
export async function aged(rig: ProvisionerRig, name = "prov"): Promise<void> {
  const status = { key: { createdAt: LONG_AGO } };
  await rig.live.send("PATCH", rig.provisioners.path(name, "status"), { status });
}

/**
 * Looks at pods whenever Coder is asked to delete a key, before it does: no pod may have that key, and every ready pod must
 * have one that Coder knows.
 */
export class KeyWitness implements Disposable {
  /** Deletions that were asked for. */
  readonly deletions: string[] = [];
  readonly #broken: string[] = [];
  readonly #counted = new WeakSet<object>();
  readonly #end: (() => void)[];

  constructor(readonly rig: ProvisionerRig, readonly homes: readonly CoderHome[] = [rig.coder]) {
    this.#end = homes.map((home) => {
      const look = () => this.#look(home);
      return home.fake.faults.add({
        method: "DELETE",
        route: KEY_ROUTE,
        times: Infinity,
        action: {
          do: "delay",
          get until() {
            return look();
          },
        },
      });
    });
  }

  /** Fails where a pod lost its key, or another number of keys was to be deleted. */
  assert(deletions?: number): void {
    assert.deepEqual(this.#broken, []);
    // A key whose deletion a cache has not shown yet is deleted again, which changes nothing.
    if (deletions !== undefined) assert.equal(new Set(this.deletions).size, deletions, this.deletions.join());
  }

  [Symbol.dispose](): void {
    for (const end of this.#end) end();
  }

  async #look({ fake }: CoderHome): Promise<void> {
    const requests = fake.requests.filter(({ method, outcome, route }) =>
      method === "DELETE" && route === KEY_ROUTE && outcome === "pending"
    );
    const name = ({ path }: { path: string }) => decodeURIComponent(path.split("/").at(-1) ?? "");
    const going = requests.map(name);
    // One that is still waiting when the next one comes is the same one.
    this.deletions.push(...requests.filter((each) => !this.#counted.has(each)).map(name));
    for (const each of requests) this.#counted.add(each);
    const { items } = await this.rig.live.get("v1/pods");
    for (const { metadata, status } of items) {
      const annotations = metadata.annotations ?? {};
      if (annotations[CHECKSUM] === undefined) continue;
      const key = this.homes.map((home) => this.rig.keyOfPod({ ...metadata, annotations }, home))
        .find((each) => each !== undefined);
      const isReady = metadata.deletionTimestamp === undefined &&
        // deno-lint-ignore no-explicit-any -- conditions as sent
        status.conditions?.some((each: any) => each.type === "Ready" && each.status === "True");
      if (key !== undefined && going.includes(key.name)) {
        this.#broken.push(`pod ${metadata.name} has key ${key.name}, which is to be deleted`);
      }
      if (key === undefined && isReady) this.#broken.push(`ready pod ${metadata.name} has no good key`);
    }
  }
}
