/** What the parts of a pass, or of a visit to Coder, want the status to say. Written once, at the end, by the pass. */
import type { ConditionUpdate } from "../../workload/conditions.ts";

/** Something that is wrong while Coder itself, or the pods, may well run: it makes the object `Degraded`, not unready. */
export interface Trouble {
  /** CamelCase, stable. */
  reason: string;
  /** For people: what, on what, and what to do. No secrets. */
  message: string;
}

/** Status fields to set; `undefined` removes one. Fields that are not in it stay as they are. */
export type StatusChange<S extends object> = { [K in keyof S]?: S[K] | undefined };

/** A finished report: data alone. `S`: the fields of the status that parts of a pass set. */
export interface ReportData<S extends object = object> {
  readonly conditions: readonly ConditionUpdate[];
  /** Types of conditions to remove. */
  readonly absent: readonly string[];
  readonly status: StatusChange<S>;
  readonly troubles: readonly Trouble[];
  /** For `ConfigurationWarning`. */
  readonly warnings: readonly Trouble[];
}

/** A report, and the generation of the object that it is about. */
export type GenerationReport<S extends object = object> = ReportData<S> & { readonly generation: number };

/** Gathers what the parts say. The last word on a condition or a field counts. */
export class Report<S extends object = object> {
  readonly #conditions = new Map<string, ConditionUpdate>();
  readonly #absent = new Set<string>();
  readonly #status: StatusChange<S> = {};
  readonly #troubles: Trouble[] = [];
  readonly #warnings: Trouble[] = [];
  #lookAgainMs: number | undefined;

  /** Sets a condition. */
  condition(update: ConditionUpdate): void {
    this.#absent.delete(update.type);
    this.#conditions.set(update.type, update);
  }

  /** Removes a condition that says nothing any more. */
  noCondition(type: string): void {
    this.#conditions.delete(type);
    this.#absent.add(type);
  }

  /** Sets fields of the status. Leave out zero values: `undefined` removes a field. */
  status(change: StatusChange<S>): void {
    Object.assign(this.#status, change);
  }

  /** Makes the object `Degraded`. */
  trouble(trouble: Trouble): void {
    this.#troubles.push(trouble);
  }

  /** Something in the spec that works and should not be so. */
  warning(warning: Trouble): void {
    this.#warnings.push(warning);
  }

  /** Asks for another look after this many milliseconds; the shortest wish counts. */
  lookAgain(afterMs: number): void {
    this.#lookAgainMs = Math.min(this.#lookAgainMs ?? Infinity, afterMs);
  }

  /** Undefined where nobody asked. */
  get lookAgainMs(): number | undefined {
    return this.#lookAgainMs;
  }

  /** What was gathered. */
  data(): ReportData<S> {
    return {
      conditions: [...this.#conditions.values()],
      absent: [...this.#absent],
      status: { ...this.#status },
      troubles: [...this.#troubles],
      warnings: [...this.#warnings],
    };
  }
}

/** Nothing to say. */
export const EMPTY_REPORT: ReportData = {
  conditions: [],
  absent: [],
  status: {},
  troubles: [],
  warnings: [],
};
