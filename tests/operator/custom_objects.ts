/** Resources of one kind of ours in one namespace, as users handle them: created, changed, waited for, deleted. */
import type { Condition } from "../../src/api/kubernetes/types.ts";
import type { KubeObject, ResourceType } from "../../src/api/object.ts";
import { waitFor } from "../cluster/mod.ts";
import type { LiveObjects } from "./live_objects.ts";

/** What our kinds have in common. */
export interface CustomObject extends KubeObject {
  spec?: unknown;
  status?: { observedGeneration?: number | undefined; conditions?: readonly Condition[] | undefined };
}

/** Status by type of condition; `Absent`: it is not there. */
export type ExpectedConditions = Readonly<Record<string, "True" | "False" | "Unknown" | "Absent">>;

/** What a resource has when nothing is left to do. */
export const SETTLED: ExpectedConditions = { Ready: "True", Degraded: "False" };

/** See the file's head. */
export class CustomObjects<T extends CustomObject> {
  readonly #path: string;

  constructor(readonly type: ResourceType<T>, readonly live: LiveObjects) {
    this.#path = `${type.group}/${type.version}/${type.plural}`;
  }

  /** Its path, or that of a subresource, for {@linkcode LiveObjects}. */
  path(name: string, subresource?: string): string {
    return [this.#path, name, ...(subresource === undefined ? [] : [subresource])].join("/");
  }

  /** Creates one as a user; as the API server then has it. */
  create(name: string, spec: T["spec"], metadata: Partial<T["metadata"]> = {}): Promise<T> {
    const { group, version, kind } = this.type;
    const object = { apiVersion: `${group}/${version}`, kind, metadata: { ...metadata, name }, spec };
    return this.live.send("POST", this.#path, object, "a-user");
  }

  /** Merge-patches one as a user. */
  change(name: string, patch: object): Promise<T> {
    return this.live.send("PATCH", this.path(name), patch, "a-user");
  }

  /** Undefined where there is none. */
  get(name: string): Promise<T | undefined> {
    return this.live.get(this.path(name));
  }

  /** Throws where there is none. */
  async stored(name: string): Promise<T> {
    const object = await this.get(name);
    if (object === undefined) throw new Error(`${this.path(name)} is gone`);
    return object;
  }

  /** Asks for its deletion. */
  async delete(name: string): Promise<void> {
    await this.live.send("DELETE", this.path(name));
  }

  /** Waits until it is gone, finalizers included. */
  async gone(name: string): Promise<void> {
    await waitFor(async () => await this.get(name) === undefined, { what: `the end of ${this.path(name)}` });
  }

  /** Waits until a condition has a status, for the present generation. */
  async condition(name: string, type: string, status: ExpectedConditions[string]): Promise<Condition> {
    const object = await this.settled(name, { [type]: status });
    return conditionOf(object, type) ??
      { type, status: "Absent", reason: "", message: "", lastTransitionTime: "" };
  }

  /** Waits until conditions have what is expected, for the present generation. Fails after a deadline. */
  async settled(name: string, expected: ExpectedConditions = SETTLED, timeoutMs = 60_000): Promise<T> {
    let seen: T | undefined;
    try {
      return await waitFor(async () => {
        seen = await this.get(name);
        if (seen === undefined || seen.status?.observedGeneration !== seen.metadata.generation) return;
        const entries = Object.entries(expected);
        return entries.every(([type, status]) => statusOf(seen, type) === status) ? seen : undefined;
      }, { what: `${JSON.stringify(expected)} of ${this.path(name)}`, timeoutMs });
    } catch (error) {
      // The whole object would be cut before its conditions.
      const { generation } = seen?.metadata ?? {};
      throw new Error(`${name}: generation ${generation}, status ${JSON.stringify(seen?.status)}`, {
        cause: error,
      });
    }
  }
}

function conditionOf(object: CustomObject | undefined, type: string): Condition | undefined {
  return object?.status?.conditions?.find((each) => each.type === type);
}

function statusOf(object: CustomObject | undefined, type: string): string {
  return conditionOf(object, type)?.status ?? "Absent";
}
