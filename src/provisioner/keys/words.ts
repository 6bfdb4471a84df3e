/** How the keys' state is told in conditions. */
import { type Holder, holds } from "./holder.ts";
import { isVoluntary, NEED_WORDS } from "./need.ts";
import type { Wait } from "./plan.ts";
import type { Settled } from "./settle.ts";
import type { KeyWanted, SecretView } from "./types.ts";

/** The content of a condition. */
export interface KeyState {
  readonly ready: boolean;
  /** CamelCase. `ProvisionerKeyReady`, `ProvisionerKeyFailed`, `RateLimited` and `SecretReady` as the Go operator has them. */
  readonly reason: string;
  readonly message: string;
}

/** Waits that are not a failure of a call. */
const PLAIN_WAITS = [
  "SecretForeign",
  "ListingAwaited",
  "NotEntitled",
  "Settling",
  "RolloutAwaited",
  "ControlPlaneUnavailable",
  "RateLimited",
];

/** For `ProvisionerKeyReady`. */
export function keyState(
  { record, need, holder }: Pick<Settled, "record" | "need" | "holder">,
  { wanted, secret }: { wanted: KeyWanted; secret: SecretView },
  wait: Wait | undefined,
): KeyState {
  const old = record.intents.filter(({ step }) => step !== "Making").map(({ name }) => name);
  const rest = old.length === 0 ? "" : `; to be deleted once nothing uses it: ${old.join(", ")}`;
  const after = wait === undefined ? "" : `; it waits: ${wait.message}`;
  if (wanted.existingSecret) {
    return secret.state === "held"
      ? {
        ready: true,
        reason: "ExistingSecret",
        message: `The key of spec.key.existingSecret is used${rest}`,
      }
      : { ready: false, ...secretTrouble(secret, holder, true) };
  }
  if (need === undefined || isVoluntary(need)) {
    const { name = "", organization } = record.present ?? {};
    const message = `Key ${name} of organization ${organization?.name ?? ""} is in the Secret`;
    return need === undefined
      ? { ready: true, reason: "ProvisionerKeyReady", message: `${message}${rest}` }
      : {
        ready: true,
        reason: "Rotating",
        message: `${message}; a new one is needed because ${NEED_WORDS[need]}${after}`,
      };
  }
  return {
    ready: false,
    reason: wait === undefined
      ? need
      : PLAIN_WAITS.includes(wait.reason)
      ? wait.reason
      : "ProvisionerKeyFailed",
    message: `A new key is needed because ${NEED_WORDS[need]}${after}`,
  };
}

/** For `ProvisionerKeySecretReady`. */
export function secretState(
  { record, need, holder }: Pick<Settled, "record" | "need" | "holder">,
  { wanted, secret }: { wanted: KeyWanted; secret: SecretView },
): KeyState {
  const inOrder = wanted.existingSecret ? secret.state === "held" : holds(holder, record.present);
  if (!inOrder) return { ready: false, ...secretTrouble(secret, holder, wanted.existingSecret) };
  if (need === "KeyGone" || need === "KeyAltered") {
    return { ready: false, reason: need, message: `The key in the Secret is of no use: ${NEED_WORDS[need]}` };
  }
  return { ready: true, reason: "SecretReady", message: "The Secret holds the key" };
}

function secretTrouble(
  secret: SecretView,
  holder: Holder,
  existing: boolean,
): { reason: string; message: string } {
  if (secret.state === "foreign") return { reason: "SecretForeign", message: secret.message };
  if (holder.held !== "nothing") {
    return { reason: "SecretChanged", message: "The Secret holds another value than the operator wrote" };
  }
  return {
    reason: "SecretMissing",
    message: existing
      ? "The Secret of spec.key.existingSecret does not exist or has nothing at spec.key.secretKey; fill it"
      : "The Secret does not exist or has no key",
  };
}
