/** What visits found out, kept in memory: the reconciler merges it into the status it writes. */
import { canonicalJson } from "../../kube/apply/canonical_json.ts";
import type { ConditionUpdate } from "../../workload/conditions.ts";
import type { ReportData } from "../pass/report.ts";

/** The result of the last visit for one object. */
export interface VisitResult<S extends object = object> {
  /** `metadata.generation` that was looked at. */
  readonly generation: number;
  readonly report: ReportData<S>;
}

/** How far the end of an object has come outside Kubernetes. */
export interface EndResult {
  readonly done: boolean;
  /** Why it is not; no secrets. */
  readonly message: string;
  /** What the status should say of it, where steps say anything. */
  readonly conditions?: readonly ConditionUpdate[];
}

/** Results by the object's UID. */
export class VisitResults<R extends VisitResult = VisitResult> {
  readonly #results = new Map<string, R>();
  readonly #ends = new Map<string, EndResult>();

  get(uid: string): R | undefined {
    return this.#results.get(uid);
  }

  /** Keeps a result. Returns whether it says anything new. */
  set(uid: string, result: R): boolean {
    const before = this.#results.get(uid);
    this.#results.set(uid, result);
    return before === undefined || canonicalJson(before) !== canonicalJson(result);
  }

  /** How far the end of an object has come; undefined where nothing was tried yet. */
  ended(uid: string): EndResult | undefined {
    return this.#ends.get(uid);
  }

  setEnded(uid: string, result: EndResult): void {
    this.#ends.set(uid, result);
  }

  /** Forgets an object that is gone. */
  delete(uid: string): void {
    this.#results.delete(uid);
    this.#ends.delete(uid);
  }

  /** How many are known. */
  get size(): number {
    return this.#results.size;
  }
}
