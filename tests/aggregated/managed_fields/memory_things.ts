/** The same object behind our writer, in memory. Its status, which our writer refuses, goes through the rules alone. */
import type { ResourceDefinition } from "../../../src/aggregated/serving/storage.ts";
import { StatusError } from "../../../src/aggregated/serving/status_errors.ts";
import {
  applyConfiguration,
  trackUpdate,
  type WriteScope,
  type Written,
} from "../../../src/aggregated/writing/managed/mod.ts";
import type { KubeObject } from "../../../src/api/object.ts";
import { MemoryWriter } from "../writing/memory_writer.ts";
import type { Refusal } from "./real_things.ts";
import { callOf, type JsonObject, type Step } from "./steps.ts";

/** What came of a write: what is there now. */
export type Outcome =
  | { readonly object: KubeObject | undefined; readonly warnings: readonly string[] }
  | { readonly refusal: Refusal };

type StatusStep = Extract<Step, { subresource: string }>;

export class MemoryThings {
  readonly #writer: MemoryWriter;
  #now = 0;
  object: KubeObject | undefined;

  constructor(
    definition: Pick<ResourceDefinition, "type" | "schema">,
    namespace: string,
    readonly name: string,
    readonly statusScope: WriteScope,
  ) {
    this.#writer = new MemoryWriter(definition, namespace, { now: () => this.#now });
  }

  /** Carries out a write at a moment. */
  async perform(step: Step, now: Date): Promise<Outcome> {
    this.#now = now.getTime();
    if ("subresource" in step && step.subresource !== "") return this.#performStatus(step, now);
    const { code, body, warnings } = await this.#writer.ask(callOf(step, this.name, this.object));
    this.object = await this.#writer.find(this.name);
    return code >= 400 ? { refusal: body as Refusal } : { object: this.object, warnings };
  }

  /** Puts something else there. */
  set(object: KubeObject): void {
    this.object = this.#writer.put(object);
  }

  #performStatus(step: StatusStep, now: Date): Outcome {
    try {
      const before = this.object!;
      const { metadata: { managedFields }, ...parts } = this.#writtenStatus(step, before, now).object;
      // A status is stored without the metadata that it came with.
      const { managedFields: _managed, ...kept } = before.metadata;
      this.set({
        ...parts,
        metadata: { ...kept, ...(managedFields === undefined ? {} : { managedFields }) },
      });
      return { object: this.object, warnings: [] };
    } catch (error) {
      if (error instanceof StatusError) return { refusal: error.status };
      throw error;
    }
  }

  #writtenStatus(step: StatusStep, before: KubeObject, now: Date): Written {
    const { manager } = step;
    const scope = this.statusScope;
    if (step.verb === "apply") {
      const config = step.body as unknown as KubeObject;
      return applyConfiguration({ scope, live: before, config, manager, force: step.force, now });
    }
    const body = step.verb === "patch" ? mergePatch(before as unknown as JsonObject, step.body) : step.body;
    return trackUpdate({ scope, before, after: body as unknown as KubeObject, manager, now });
  }
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const isMap = typeof target === "object" && target !== null && !Array.isArray(target);
  const result: Record<string, unknown> = isMap ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
