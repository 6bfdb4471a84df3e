/** The end of a registration: it is removed from Coder with the credentials that made it. */
import { CoderError, type WorkspaceProxy } from "../../coder/mod.ts";
import type { FormerProxyRegistration } from "../../api/workspace_proxy_registration.ts";
import { reasonOf } from "./error.ts";
import type { ProxyCalls, RegistrationEvent, RegistrationPorts } from "./ports.ts";

/** What came of it. */
export type FormerOutcome =
  | { readonly end: "removed" }
  /** It was not there. */
  | { readonly end: "gone" }
  /** It cannot be removed, ever, by us. */
  | { readonly end: "abandoned"; readonly message: string }
  /** Not now. */
  | {
    readonly end: "failed";
    readonly reason: string;
    readonly message: string;
    readonly retryAfterMs?: number;
  }
  /** It is not there yet: a request to make it may still be on its way. */
  | { readonly end: "awaited"; readonly message: string; readonly retryAfterMs: number };

/** One that is still there, and why. */
export type FormerTrouble =
  & { readonly former: FormerProxyRegistration }
  & Extract<FormerOutcome, { end: "failed" | "awaited" }>;

/** How long a request to make a proxy may be on its way, in milliseconds: calls end after 15 s. */
const IN_FLIGHT_MS = 30_000;

/** Gives up after this time, in milliseconds, where the resource itself stays. */
const LIMIT_MS = 24 * 3_600_000;

/** Tries once. Throws only where the signal ends it. */
export async function removeFormer(
  former: FormerProxyRegistration,
  ports: Pick<RegistrationPorts, "coder">,
  { isOurs, keep, now, signal }: {
    /** Tells a registration whose id is not known. */
    isOurs: (proxy: WorkspaceProxy) => boolean;
    /** The id of the present registration, which is never removed. */
    keep: string | undefined;
    now: Date;
    signal: AbortSignal;
  },
): Promise<FormerOutcome> {
  if (former.id !== undefined && former.id === keep) return { end: "gone" };
  const age = now.getTime() - Date.parse(former.since);
  try {
    const way = await ports.coder(former, signal);
    if (way.way === "gone") return { end: "abandoned", message: way.message };
    if (way.way === "closed") return late({ reason: way.reason, message: way.message }, age);
    return await end(former, way.calls, { isOurs, keep, signal, age });
  } catch (error) {
    signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    const reason = reasonOf(error);
    if (!(error instanceof CoderError)) return late({ reason, message }, age);
    // This build of Coder has no proxies.
    if (error.kind === "unsupported") return { end: "gone" };
    const { retryAfterMs } = error;
    return late({ reason, message, ...(retryAfterMs !== undefined && { retryAfterMs }) }, age);
  }
}

async function end(
  { id: knownId, name }: FormerProxyRegistration,
  calls: ProxyCalls,
  { isOurs, keep, signal, age }: {
    isOurs: (proxy: WorkspaceProxy) => boolean;
    keep: string | undefined;
    signal: AbortSignal;
    age: number;
  },
): Promise<FormerOutcome> {
  // A proxy that was deleted before is found by its id and deleted again: none at all means more than that.
  if (knownId !== undefined && await calls.delete(knownId, { signal })) return { end: "removed" };
  const proxies = await calls.list({ signal, fresh: true });
  const found = proxies.find((proxy) =>
    !proxy.deleted && (knownId === undefined ? isOurs(proxy) : proxy.id === knownId)
  );
  if (found !== undefined && found.id !== keep) {
    if (await calls.delete(found.id, { signal })) return { end: "removed" };
    const message = `Coder lists proxy ${found.name} and does not find it to delete it`;
    return late({ reason: "NotFound", message }, age);
  }
  if (found === undefined && !await calls.maySee({ signal })) {
    const message =
      "the user whose token the operator has may not see proxies: give it the token of an owner";
    return late({ reason: "Forbidden", message }, age);
  }
  if (knownId === undefined && found === undefined && age >= 0 && age < IN_FLIGHT_MS) {
    const message = `a request to register ${name} may still be on its way`;
    return { end: "awaited", message, retryAfterMs: IN_FLIGHT_MS - age };
  }
  return { end: "gone" };
}

function late(
  trouble: { reason: string; message: string; retryAfterMs?: number },
  age: number,
): FormerOutcome {
  return age > LIMIT_MS ? { end: "abandoned", message: trouble.message } : { end: "failed", ...trouble };
}

/** For an Event. */
export function describe(
  former: FormerProxyRegistration,
  outcome: Extract<FormerOutcome, { end: "removed" | "gone" | "abandoned" }>,
): RegistrationEvent {
  const what = `proxy ${former.name} at ${former.coderURL}`;
  switch (outcome.end) {
    case "removed":
      return { type: "Normal", reason: "RegistrationRemoved", message: `Removed ${what}` };
    case "gone":
      return { type: "Normal", reason: "RegistrationGone", message: `There is no ${what} any more` };
    case "abandoned":
      return {
        type: "Warning",
        reason: "RegistrationAbandoned",
        message: `${what.slice(0, 1).toUpperCase()}${what.slice(1)} could not be removed: ${
          outcome.message.replace(/[.\s]+$/, "")
        }. If that Coder still exists, run: coder wsproxy delete ${former.name}`,
      };
  }
}
