/** How a registration is told in conditions and in the status. */
import type { WorkspaceProxy } from "../../coder/mod.ts";
import { reasonOf, RegistrationError } from "./error.ts";
import type { Settled } from "./settle.ts";

/** The content of a condition. */
export interface RegistrationState {
  readonly status: "True" | "False" | "Unknown";
  /** CamelCase, stable. */
  readonly reason: string;
  /** For people; may hold words of Coder: to be redacted. */
  readonly message: string;
}

/** Status fields about what Coder says of the proxy; undefined takes one away. */
export interface ProxyObservation {
  readonly health: string | undefined;
  readonly version: string | undefined;
  readonly accessURL: string | undefined;
  readonly wildcardHostname: string | undefined;
}

/** For `Registered`: the proxy is registered, and a token that Coder takes is in the Secret. */
export function registeredState({ proxy, record, confirmed, leftovers }: Settled): RegistrationState {
  const { registration } = record;
  const rest = leftovers.length === 0
    ? ""
    : `; still to be removed: ${
      leftovers.map(({ former, message }) => `${former.name} at ${former.coderURL} (${message})`).join(", ")
    }`;
  if (registration === undefined || proxy === undefined) {
    return {
      status: "Unknown",
      reason: "NotManaged",
      message: `The operator does not register this proxy${rest}`,
    };
  }
  const what = `Proxy ${proxy.name} is registered with Coder at ${registration.coderURL}`;
  return confirmed
    ? { status: "True", reason: "Registered", message: `${what}, which takes its token${rest}` }
    : {
      status: "True",
      reason: "NotConfirmed",
      message: `${what}, which cannot say whether it takes its token${rest}`,
    };
}

/** For `Registered` after a failure. `isRegistered`: it was, when that could last be seen; its token goes on to work. */
export function failedState(error: unknown, isRegistered: boolean): RegistrationState {
  const message = error instanceof Error ? error.message : String(error);
  return isRegistered && !(error instanceof RegistrationError)
    ? {
      status: "True",
      reason: "NotConfirmed",
      message: `Registered when that was last checked. Now: ${message}`,
    }
    : { status: "False", reason: reasonOf(error), message };
}

/** For `Healthy`: whether Coder reaches the proxy. */
export function healthState({ status, name }: WorkspaceProxy): RegistrationState {
  const { errors = [], warnings = [] } = status?.report ?? {};
  const words = [...errors, ...warnings];
  const more = words.length === 0 ? "" : `: ${words.join("; ")}`;
  switch (status?.status) {
    case "ok":
      return { status: "True", reason: "Healthy", message: `Coder reaches proxy ${name}${more}` };
    case "unregistered":
      return {
        status: "False",
        reason: "WaitingForProxy",
        message: `No pod of proxy ${name} has called Coder yet`,
      };
    case "unreachable":
      return {
        status: "False",
        reason: "Unreachable",
        message: `Coder does not reach proxy ${name} at its access URL${more}`,
      };
    case "unhealthy":
      return { status: "False", reason: "Unhealthy", message: `Coder finds fault with proxy ${name}${more}` };
    default:
      return {
        status: "Unknown",
        reason: "HealthUnknown",
        message: `Coder has not looked at proxy ${name} yet${more}`,
      };
  }
}

/** What Coder says of the proxy. Nothing of it changes by time alone. */
export function observed(proxy: WorkspaceProxy | undefined): ProxyObservation {
  return {
    health: proxy?.status?.status || undefined,
    version: proxy?.version || undefined,
    accessURL: proxy?.path_app_url || undefined,
    wildcardHostname: proxy?.wildcard_hostname || undefined,
  };
}
