/** What visits say of a registration: conditions, status fields, troubles. */
import { isRateLimited } from "../../coder/mod.ts";
import type { VisitFailure } from "../../operator/visit/failure.ts";
import {
  failedState,
  healthState,
  observed,
  registeredState,
  RegistrationError,
  type RegistrationState,
  type Settled,
} from "../registration/mod.ts";
import type { Report } from "../results.ts";
import { ClosedWayError } from "./closed_way.ts";

/** The condition about the registration and its token. */
export const REGISTERED = "Registered";
/** The condition about what Coder says of the proxy; absent where there is no registration. */
export const HEALTHY = "Healthy";

type Redact = (text: string) => string;

/** Coder's view of a proxy that it cannot be asked about now is told for so long, in milliseconds. */
export const BELIEVED_MS = 600_000;

/** Says how a look ended. `running`: pods are available. */
export function saySettled(
  report: Report,
  settled: Settled,
  { redact, running }: { redact: Redact; running: boolean },
): void {
  const { proxy, leftovers } = settled;
  say(report, REGISTERED, registeredState(settled), redact);
  report.status(observed(proxy));
  for (const { end, former, message } of leftovers) {
    if (end !== "failed") continue;
    report.trouble({
      reason: "RegistrationLeft",
      message: redact(`Proxy ${former.name} at ${former.coderURL} is still to be removed: ${message}`),
    });
  }
  if (proxy === undefined) return report.noCondition(HEALTHY);
  const health = healthState(proxy);
  say(report, HEALTHY, health, redact);
  // Before there are pods, nothing else is to be expected.
  const isBad = health.reason === "Unreachable" || health.reason === "Unhealthy";
  if (isBad && running) report.trouble({ reason: health.reason, message: redact(health.message) });
}

/** Says that a look failed. */
export function sayFailed(
  report: Report,
  { error, failure, isRegistered, seen, redact }: {
    error: unknown;
    failure: VisitFailure;
    /** It was, when that could last be seen. */
    isRegistered: boolean;
    /** As Coder told the proxy a short time ago. */
    seen: Settled["proxy"];
    redact: Redact;
  },
): void {
  const state = stateOf(error, failure, isRegistered);
  say(report, REGISTERED, state, redact);
  const reason = reasonOf(error, state, failure);
  const isPassing = error instanceof ClosedWayError
    ? error.transient
    : !(error instanceof RegistrationError) && failure.transient;
  if (!isPassing) report.trouble({ reason, message: redact(state.message) });
  if (isPassing && seen !== undefined) {
    report.status(observed(seen));
    return say(report, HEALTHY, healthState(seen), redact);
  }
  report.status({ health: isRegistered ? "unknown" : undefined });
  if (!isRegistered) return report.noCondition(HEALTHY);
  report.condition({
    type: HEALTHY,
    status: "Unknown",
    reason,
    message: "Coder cannot be asked: condition Registered says why",
  });
}

function stateOf(error: unknown, failure: VisitFailure, isRegistered: boolean): RegistrationState {
  // The time to wait is in the message, and every new one would be a write.
  if (isRateLimited(error)) {
    const message = "Coder asks for fewer requests; the operator waits as long as Coder wants";
    const words = failedState(new RegistrationError("RateLimited", message, "later"), false);
    return isRegistered
      ? {
        status: "True",
        reason: "NotConfirmed",
        message: `Registered when that was last checked. Now: ${message}`,
      }
      : words;
  }
  if (!(error instanceof ClosedWayError)) {
    const state = failedState(error, isRegistered);
    return state.reason === "Failed" ? { ...state, reason: failure.reason } : state;
  }
  return isRegistered
    ? failedState(new Error(error.message), true)
    : failedState(new RegistrationError(error.reason, error.message, "later"), false);
}

function reasonOf(error: unknown, state: RegistrationState, failure: VisitFailure): string {
  if (error instanceof ClosedWayError || error instanceof RegistrationError) return error.reason;
  return state.status === "True" ? failure.reason : state.reason;
}

/** Says it in words without secrets. */
export function say(report: Report, type: string, state: RegistrationState, redact: Redact): void {
  report.condition({ type, ...state, message: redact(state.message) });
}
