/** What is to be done next about a proxy's registration, as a function of what is known. */
import type { ProxyFace, WorkspaceProxy } from "../../coder/mod.ts";
import { RegistrationError } from "./error.ts";
import { differs, faceOf, isMarked, newFace, type WantedFace } from "./face.ts";
import type { TokenView } from "./ports.ts";
import {
  isOfGoOperator,
  isSamePlace,
  type Place,
  type RegistrationRecord,
  retired,
  withIntent,
  withoutBegun,
  withoutIntent,
  withRegistration,
  withStray,
} from "./record.ts";
import { proxyIdOf } from "./token.ts";

/** On a CoderWorkspaceProxy: the name of a proxy in Coder that it may take over, with a new token. */
export const ADOPT_PROXY_ANNOTATION = "coder.com/adopt-proxy";

/** What the spec asks for. */
export interface WantedRegistration extends WantedFace {
  readonly place: Place;
  /** The user lets a proxy of this name be taken over that somebody else registered. */
  readonly adopt: boolean;
}

/** What a decision rests on. */
export interface RegistrationFacts {
  /** Of the resource. */
  readonly uid: string;
  /** Undefined: the operator is to register nothing. */
  readonly wanted: WantedRegistration | undefined;
  readonly record: RegistrationRecord;
  /** The Secret that the pods take their token from. */
  readonly secret: TokenView;
  /** A token that was made and is not in the Secret yet. */
  readonly made: string | undefined;
  /** Every proxy of the wanted Coder; undefined while it has not been asked. */
  readonly proxies: readonly WorkspaceProxy[] | undefined;
  /** What Coder says of the token in the Secret, `unknown` where it cannot; undefined while it has not been asked. */
  readonly verdict: "accepted" | "refused" | "unknown" | undefined;
  /** The token in the Secret was accepted a short time ago. */
  readonly confirmed: boolean;
  readonly now: Date;
}

/** Why a token is made anew. */
export type TokenNeed = "TokenMissing" | "TokenRefused" | "TokenOfOther";

/** What is to be done next. */
export type Decision =
  /** Ask Coder for its proxies. */
  | { readonly do: "look" }
  /** Ask Coder about the token in the Secret. */
  | { readonly do: "check"; readonly token: string }
  /** Write to the status, before anything else happens. */
  | { readonly do: "save"; readonly record: RegistrationRecord }
  | { readonly do: "create"; readonly face: ProxyFace }
  | { readonly do: "change"; readonly id: string; readonly face: ProxyFace }
  | {
    readonly do: "regenerate";
    readonly id: string;
    readonly face: ProxyFace;
    readonly need: TokenNeed;
  }
  /** Put the token that was made into the Secret. */
  | { readonly do: "store"; readonly token: string }
  /** Nothing helps but what the error says. */
  | { readonly do: "refuse"; readonly error: RegistrationError }
  /** All is as it should be. */
  | { readonly do: "rest"; readonly proxy: WorkspaceProxy | undefined };

type Wanting = RegistrationFacts & {
  readonly wanted: WantedRegistration;
  readonly proxies: readonly WorkspaceProxy[];
};

/** Decides. */
export function decide(facts: RegistrationFacts): Decision {
  const { wanted, proxies, secret, made } = facts;
  if (wanted === undefined) return release(facts);
  if (secret.state === "foreign") return refuse("SecretForeign", secret.message, "change");
  if (made !== undefined) return { do: "store", token: made };
  if (/^primary$/i.test(wanted.name)) {
    return refuse(
      "NameReserved",
      "primary is Coder's own name for itself: give the proxy another name in proxyName",
      "change",
    );
  }
  if (proxies === undefined) return { do: "look" };
  const wanting = { ...facts, wanted, proxies };
  return facts.record.registrationIntent === undefined ? keepUp(wanting) : finish(wanting);
}

/** There is to be no registration. One whose token the pods use all the same is the user's from now on. */
function release({ record, secret, now }: RegistrationFacts): Decision {
  const { registered, registration, registrationIntent } = record;
  if (registered === undefined && registrationIntent === undefined) return { do: "rest", proxy: undefined };
  const inUse = registration !== undefined && heldId(secret) === registration.id;
  return { do: "save", record: retired(record, inUse, now) };
}

/** A registration was begun: Coder may, or may not, have carried it out. It is ended under the name it was begun with. */
function finish(facts: Wanting): Decision {
  const { uid, wanted, record, secret, proxies, now } = facts;
  const { registrationIntent: intent } = record;
  if (intent === undefined) return keepUp(facts);
  // Whatever there is of ours here: it is not what came of it.
  if (!isSamePlace(intent, wanted.place)) return { do: "save", record: withoutIntent(record, true) };
  const found = byName(proxies, intent.name);
  if (found !== undefined && isMarked(found, uid)) {
    return { do: "save", record: withRegistration(record, found, wanted.place, now) };
  }
  if (found === undefined) return { do: "create", face: newFace(wanted, intent.name, uid) };
  if (found.id === heldId(secret)) {
    return { do: "save", record: withRegistration(record, found, wanted.place, now) };
  }
  return { do: "save", record: withoutIntent(record, false) };
}

function keepUp(facts: Wanting): Decision {
  const { uid, wanted, record, secret, proxies, verdict, now } = facts;
  const { registration } = record;
  const own = registration === undefined ? undefined : byId(proxies, registration.id);
  if (registration !== undefined && own !== undefined) {
    const isOnRecord = registration.name === own.name && isSamePlace(registration, wanted.place);
    return isOnRecord
      ? attend(facts, own)
      : { do: "save", record: withRegistration(record, own, wanted.place, now) };
  }
  const held = heldId(secret);
  const ofToken = held === undefined ? undefined : byId(proxies, held);
  if (ofToken !== undefined) {
    // Whoever has a proxy's token in our Secret got it from us, or gave it to us for this very proxy.
    const isOurs = isOfGoOperator(record) || isMarked(ofToken, uid) || isNamed(ofToken, wanted.name);
    if (isOurs) {
      const rest = withoutBegun(record, ofToken, wanted.place);
      return { do: "save", record: withRegistration(rest, ofToken, wanted.place, now) };
    }
  }
  // The spec has come back to a Coder where it still is.
  const former = (record.formerRegistrations ?? []).flatMap(({ id }) => id === undefined ? [] : [id])
    .map((id) => byId(proxies, id)).find((each) => each !== undefined);
  if (former !== undefined) {
    return { do: "save", record: withRegistration(record, former, wanted.place, now) };
  }
  if (
    ofToken === undefined && held !== undefined && secret.state === "held" &&
    held === (registration?.id ?? held)
  ) {
    // Coder shows a proxy to those alone who may see it. It tells the proxy itself that it is there.
    if (verdict === undefined) return { do: "check", token: secret.token };
    if (verdict === "accepted") {
      return refuse(
        "NotVisible",
        `Coder accepts the token of proxy ${
          registration?.name ?? wanted.name
        } and does not show the proxy: the ` +
          "user whose token the operator has may not see proxies. Give it the token of an owner",
        "later",
      );
    }
  }
  return begin(facts);
}

/** The proxy is not registered, or not any more. */
function begin({ uid, wanted, record, secret, proxies, now }: Wanting): Decision {
  const found = byName(proxies, wanted.name);
  if (found === undefined) {
    return { do: "save", record: withIntent(record, wanted.name, wanted.place, now) };
  }
  if (isMarked(found, uid)) {
    const rest = withoutBegun(record, found, wanted.place);
    return { do: "save", record: withRegistration(rest, found, wanted.place, now) };
  }
  if (wanted.adopt || (isOfGoOperator(record) && secret.state === "missing")) {
    return { do: "save", record: withRegistration(record, found, wanted.place, now) };
  }
  return refuse(
    "NameTaken",
    `Coder has a proxy ${found.name} already, which somebody else registered: give this one another name in ` +
      `proxyName, delete the other one (coder wsproxy delete ${found.name}), or let this one take its place, with a new ` +
      `token: annotate it with ${ADOPT_PROXY_ANNOTATION}=${wanted.name}`,
    "later",
  );
}

/** The proxy is registered: its token and its face. */
function attend(facts: Wanting, own: WorkspaceProxy): Decision {
  const { uid, wanted, record, secret, proxies, verdict, confirmed, now } = facts;
  const face = faceOf(wanted, own);
  const { id } = own;
  const stray = proxies.find((proxy) =>
    !proxy.deleted && proxy.id !== id && isMarked(proxy, uid) &&
    !(record.formerRegistrations ?? []).some((former) => former.id === proxy.id)
  );
  if (stray !== undefined) return { do: "save", record: withStray(record, stray, wanted.place, now) };
  const kept = secret.state === "foreign" ? undefined : secret.kept?.get(id.toLowerCase());
  if (kept !== undefined && heldId(secret) !== id.toLowerCase()) return { do: "store", token: kept };
  if (secret.state !== "held") return { do: "regenerate", id, face, need: "TokenMissing" };
  if (heldId(secret) !== id.toLowerCase()) return { do: "regenerate", id, face, need: "TokenOfOther" };
  if (verdict === "refused") return { do: "regenerate", id, face, need: "TokenRefused" };
  // A proxy that Coder finds well has called it with its token.
  if (verdict === undefined && !(confirmed && own.status?.status === "ok")) {
    return { do: "check", token: secret.token };
  }
  return differs(wanted, own) ? { do: "change", id, face } : { do: "rest", proxy: own };
}

function heldId(secret: TokenView): string | undefined {
  return secret.state === "held" ? proxyIdOf(secret.token) : undefined;
}

/** Coder takes two names for one that differ in case alone. */
function byName(proxies: readonly WorkspaceProxy[], name: string): WorkspaceProxy | undefined {
  return proxies.find((proxy) => !proxy.deleted && isNamed(proxy, name));
}

function isNamed(proxy: WorkspaceProxy, name: string): boolean {
  return proxy.name.toLowerCase() === name.toLowerCase();
}

function byId(proxies: readonly WorkspaceProxy[], id: string): WorkspaceProxy | undefined {
  return proxies.find((proxy) => !proxy.deleted && proxy.id.toLowerCase() === id.toLowerCase());
}

function refuse(reason: string, message: string, retry: RegistrationError["retry"]): Decision {
  return { do: "refuse", error: new RegistrationError(reason, message, retry) };
}
