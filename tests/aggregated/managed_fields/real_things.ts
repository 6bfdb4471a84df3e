/** The same object at the real API server. */
import type { KubeObject, ResourceType } from "../../../src/api/object.ts";
import { type Caller, warningsOf } from "../conformance/caller.ts";
import { callOf, type Step } from "./steps.ts";

/** A refusal as it was sent. */
export interface Refusal {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: { readonly causes?: readonly { reason?: string; message?: string; field?: string }[] };
}

/** What came of a write: what is there now. */
export type RealOutcome =
  | { readonly object: KubeObject | undefined; readonly warnings: readonly string[] }
  | { readonly refusal: Refusal };

export class RealThings {
  readonly #path: string;
  object: KubeObject | undefined;

  constructor(
    readonly caller: Caller,
    { group, version, plural }: ResourceType,
    readonly namespace: string,
    readonly name: string,
  ) {
    this.#path = `/apis/${group}/${version}/namespaces/${namespace}/${plural}`;
  }

  async perform(step: Step): Promise<RealOutcome> {
    const { method, name, query, contentType, body } = callOf(step, this.name, this.object);
    const part = "subresource" in step && step.subresource !== "" ? `/${step.subresource}` : "";
    const path = `${this.#path}${name === "" ? "" : `/${name}`}${part}?${query}`;
    const answer = await this.caller.call({ method, path, headers: { "Content-Type": contentType }, body });
    const now = await this.caller.call({ path: `${this.#path}/${this.name}` });
    this.object = now.code === 200 ? JSON.parse(now.text) : undefined;
    if (answer.code >= 400) return { refusal: JSON.parse(answer.text) };
    return { object: this.object, warnings: warningsOf(answer) };
  }
}
