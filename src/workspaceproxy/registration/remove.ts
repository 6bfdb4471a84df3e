/** The end of a proxy: its registrations are removed from Coder, as far as that can be done in bounded time. */
import type { FormerProxyRegistration } from "../../api/workspace_proxy_registration.ts";
import type { WantedRegistration } from "./decide.ts";
import { isMarked } from "./face.ts";
import { describe, type FormerTrouble, removeFormer } from "./former.ts";
import type { RegistrationEvent, RegistrationPorts, TokenView } from "./ports.ts";
import { isOfGoOperator, placeOf, type RegistrationRecord, timeText } from "./record.ts";
import { proxyIdOf } from "./token.ts";

/** How long Coder may be away before registrations are given up, in milliseconds. */
export const REMOVE_LIMIT_MS = 10 * 60_000;

/** How often a Coder that is away is tried, in milliseconds. */
const LOOK_AGAIN_MS = 15_000;

/** What there is to remove. */
export interface RemoveInput {
  readonly uid: string;
  readonly record: RegistrationRecord;
  /** With them, what the Go operator registered is found. Undefined where they are not known any more. */
  readonly legacy?: {
    readonly wanted: Pick<WantedRegistration, "name" | "place">;
    readonly secret: TokenView;
  } | undefined;
  /** When the deletion began: `metadata.deletionTimestamp`. */
  readonly since: Date;
  readonly now: Date;
  /** @default {REMOVE_LIMIT_MS} */
  readonly limitMs?: number | undefined;
  /** Somebody asked to give them up now. @default {false} */
  readonly giveUp?: boolean | undefined;
}

/** What came of it. */
export interface RemoveOutcome {
  /** The finalizer may go: every registration is removed or given up. */
  readonly done: boolean;
  /** To be stored: what is still to be removed. */
  readonly record: RegistrationRecord;
  /** `Removed`, `Abandoned`, or why it goes on. */
  readonly reason: string;
  readonly message: string;
  readonly lookAgainMs?: number;
  readonly events: readonly RegistrationEvent[];
}

/** Tries to remove every registration once. Throws only where the signal ends it. */
export async function removeRegistrations(
  input: RemoveInput,
  ports: Pick<RegistrationPorts, "coder">,
  signal: AbortSignal,
): Promise<RemoveOutcome> {
  const { uid, legacy, now, since, limitMs = REMOVE_LIMIT_MS, giveUp = false } = input;
  const left = since.getTime() + limitMs - now.getTime();
  const events: RegistrationEvent[] = [];
  const troubles: FormerTrouble[] = [];
  const lost: string[] = [];
  for (const target of targetsOf(input)) {
    const { former } = target;
    const isOurs: Parameters<typeof removeFormer>[2]["isOurs"] = target.byName
      ? (proxy) => proxy.name === legacy?.wanted.name
      : (proxy) => isMarked(proxy, uid);
    const outcome = await removeFormer(former, ports, { isOurs, keep: undefined, now, signal });
    if (outcome.end === "failed" || outcome.end === "awaited") {
      troubles.push({ former, ...outcome });
      continue;
    }
    if (outcome.end === "abandoned") lost.push(`${former.name} at ${former.coderURL}`);
    events.push(describe(former, outcome));
  }
  if (troubles.length > 0 && left > 0 && !giveUp) {
    return unfinished(troubles, { left, end: new Date(since.getTime() + limitMs) }, events);
  }
  for (const { former, message } of troubles) {
    lost.push(`${former.name} at ${former.coderURL}`);
    events.push(describe(former, { end: "abandoned", message }));
  }
  return {
    done: true,
    record: {},
    reason: lost.length === 0 ? "Removed" : "Abandoned",
    message: lost.length === 0
      ? "The proxy is not registered with Coder any more"
      : `Registrations that may still be in Coder: ${lost.join(", ")}`,
    events,
  };
}

function unfinished(
  troubles: readonly FormerTrouble[],
  { left, end }: { left: number; end: Date },
  events: readonly RegistrationEvent[],
): RemoveOutcome {
  const names = troubles.map(({ former }) => former.name).join(", ");
  const [first] = troubles;
  const reason = first?.end === "failed" ? first.reason : "Removing";
  const waits = troubles.map(({ retryAfterMs = LOOK_AGAIN_MS }) => retryAfterMs);
  return {
    done: false,
    record: { formerRegistrations: troubles.map(({ former }) => former) },
    reason,
    // A time, not a duration: the message is stored, and must not change with every try.
    message: `${names} still to be removed from Coder: ${
      (first?.message ?? "").replace(/[.\s]+$/, "")
    }. Given up at ${timeText(end)}`,
    lookAgainMs: Math.ceil(Math.min(left, ...waits)),
    events,
  };
}

/** All that may be in Coder. */
function targetsOf(
  { record, legacy, since }: RemoveInput,
): { former: FormerProxyRegistration; byName: boolean }[] {
  const { registration, registrationIntent, formerRegistrations = [] } = record;
  const since_ = timeText(since);
  const known: FormerProxyRegistration[] = [
    ...registration === undefined ? [] : [{ ...registration, since: since_ }],
    ...registrationIntent === undefined ? [] : [registrationIntent],
    ...formerRegistrations,
  ];
  const targets = known.map((former) => ({ former, byName: false }));
  if (!isOfGoOperator(record) || legacy === undefined) return targets;
  const { secret, wanted } = legacy;
  const id = secret.state === "held" ? proxyIdOf(secret.token) : undefined;
  const former = {
    name: wanted.name,
    since: since_,
    ...placeOf(wanted.place),
    ...(id !== undefined && { id }),
  };
  return [{ former, byName: id === undefined }];
}
