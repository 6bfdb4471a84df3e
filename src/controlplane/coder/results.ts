/** What visits to Coder found out, kept in memory: the reconciler merges it into the status it writes. */
import { canonicalJson } from "../../kube/apply/canonical_json.ts";
import type { ReportData } from "../report.ts";
import type { Migration } from "../upgrade/schema.ts";

/** The result of the last visit to one control plane's Coder. */
export interface VisitResult {
  /** `metadata.generation` that was looked at. */
  readonly generation: number;
  readonly report: ReportData;
  /** Version of Coder that answered, such as `v2.30.0`; undefined where none did. */
  readonly version?: string | undefined;
  /** Coder answered. */
  readonly reachable: boolean;
  /** The number of the database's last migration, while an upgrade is under way; undefined where it was not read. */
  readonly migration?: Migration | undefined;
}

/** How far the end of a control plane has come outside Kubernetes. */
export interface EndResult {
  readonly done: boolean;
  /** Why it is not; no secrets. */
  readonly message: string;
}

/** Results by the control plane's UID. */
export class VisitResults {
  readonly #results = new Map<string, VisitResult>();
  readonly #ends = new Map<string, EndResult>();

  get(uid: string): VisitResult | undefined {
    return this.#results.get(uid);
  }

  /** Keeps a result. Returns whether it says anything new. */
  set(uid: string, result: VisitResult): boolean {
    const before = this.#results.get(uid);
    this.#results.set(uid, result);
    return before === undefined || canonicalJson(before) !== canonicalJson(result);
  }

  /** How far the end of a control plane has come; undefined where nothing was tried yet. */
  ended(uid: string): EndResult | undefined {
    return this.#ends.get(uid);
  }

  setEnded(uid: string, result: EndResult): void {
    this.#ends.set(uid, result);
  }

  /** Forgets a control plane that is gone. */
  delete(uid: string): void {
    this.#results.delete(uid);
    this.#ends.delete(uid);
  }

  /** How many are known. */
  get size(): number {
    return this.#results.size;
  }
}
