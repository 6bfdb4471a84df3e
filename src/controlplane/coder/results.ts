/** What visits to a control plane's Coder found out. */
import {
  type VisitResult as SharedResult,
  VisitResults as SharedResults,
} from "../../operator/visit/results.ts";
import type { ReportedStatus } from "../report.ts";
import type { Migration } from "../upgrade/schema.ts";

/** The result of the last visit to one control plane's Coder. */
export interface VisitResult extends SharedResult<ReportedStatus> {
  /** Version of Coder that answered, such as `v2.30.0`; undefined where none did. */
  readonly version?: string | undefined;
  /** Coder answered. */
  readonly reachable: boolean;
  /** The number of the database's last migration, while an upgrade is under way; undefined where it was not read. */
  readonly migration?: Migration | undefined;
}

/** See the shared ones. */
export type VisitResults = SharedResults<VisitResult>;
export const VisitResults = SharedResults<VisitResult>;
