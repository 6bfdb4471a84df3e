/** A build that failed, as rules see it. */
import { errorsIn, type LoggedError, saysNoQuota } from "../../build_log.ts";
import type { Facts } from "../../facts.ts";
import { valueOf } from "../../seen.ts";
import { type WorkspaceView, workspaceView } from "../../workspace_view.ts";

/** Why a build failed, as far as Coder's own words tell. */
export type FailureKind = "canceled" | "quota" | "variable" | "parameter" | "abandoned" | "terraform";

export interface FailedBuild {
  readonly view: WorkspaceView;
  readonly kind: FailureKind;
  /** What the job says of itself. */
  readonly error: string;
  readonly errorCode: string;
  /** Out of its log, oldest first. */
  readonly errors: readonly LoggedError[];
}

/** Undefined where the latest build did not fail. */
export function failedBuild(facts: Facts): FailedBuild | undefined {
  const view = workspaceView(facts);
  if (view === undefined || (view.status !== "failed" && view.status !== "canceled")) return undefined;
  const { error, errorCode, canceledAt } = view.build;
  const log = valueOf(facts.buildLog) ?? [];
  const errors = errorsIn(log);
  const failure = { view, error, errorCode, errors };
  if (canceledAt !== "" || view.status === "canceled") return { ...failure, kind: "canceled" };
  const all = [error, ...errors.map(({ text }) => text)];
  const build = valueOf(facts.build);
  if (saysNoQuota(build ?? { job: { ...NO_JOB, error, errorCode } }, log)) {
    return { ...failure, kind: "quota" };
  }
  if (errorCode === "REQUIRED_TEMPLATE_VARIABLES" || all.some((text) => VARIABLE.test(text))) {
    return { ...failure, kind: "variable" };
  }
  if (errorCode === "MISSING_TEMPLATE_PARAMETER" || all.some((text) => PARAMETER.test(text))) {
    return { ...failure, kind: "parameter" };
  }
  return { ...failure, kind: ABANDONED.test(error) ? "abandoned" : "terraform" };
}

const NO_JOB = { status: "failed", tags: {}, workerName: "", queuePosition: 0, queueSize: 0 };
const VARIABLE = /\brequired (?:template|root) variables?\b|\bno value for required variable\b/i;
const PARAMETER = /\bmissing parameter\b|\binvalid parameter value\b|\bin data "coder_parameter"/i;
const ABANDONED =
  /\bdetected as hung\b|\bterminated by the reaper\b|\bprovisioner (?:daemon )?(?:went away|disconnected)\b/i;
