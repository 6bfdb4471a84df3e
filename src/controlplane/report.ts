/** What the parts of a pass, or of a visit to Coder, want the status to say. Written once, at the end, by the pass. */
import type { ControlPlaneStatus } from "../api/control_plane.ts";
import type { ConditionUpdate } from "../workload/conditions.ts";

/** Something that is wrong while Coder itself may well run: it makes the control plane `Degraded`, not unready. */
export interface Trouble {
  /** CamelCase, stable. */
  reason: string;
  /** For people: what, on what, and what to do. No secrets. */
  message: string;
}

/** Fields of the status that parts other than the base status set. */
export type ReportedStatus = Omit<
  ControlPlaneStatus,
  "observedGeneration" | "readyReplicas" | "phase" | "conditions"
>;

/** Status fields to set; `undefined` removes one. Fields that are not in it stay as they are. */
export type StatusChange = { [K in keyof ReportedStatus]?: ReportedStatus[K] | undefined };

/** A finished report: data alone. */
export interface ReportData {
  readonly conditions: readonly ConditionUpdate[];
  /** Types of conditions to remove. */
  readonly absent: readonly string[];
  readonly status: StatusChange;
  readonly troubles: readonly Trouble[];
  /** For `ConfigurationWarning`. */
  readonly warnings: readonly Trouble[];
}

/** Gathers what the parts say. The last word on a condition or a field counts. */
export class Report {
  readonly #conditions = new Map<string, ConditionUpdate>();
  readonly #absent = new Set<string>();
  readonly #status: StatusChange = {};
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
  status(change: StatusChange): void {
    Object.assign(this.#status, change);
  }

  /** Makes the control plane `Degraded`. */
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
  data(): ReportData {
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
