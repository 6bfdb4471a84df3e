/** One look at a proxy's registration: what there is, what is to be done, doing it. */
import { createHash } from "node:crypto";
import { isConflict, isUnsupported, type WorkspaceProxy } from "../../coder/mod.ts";
import { decide, type Decision, type RegistrationFacts, type WantedRegistration } from "./decide.ts";
import { RegistrationError } from "./error.ts";
import { isMarked } from "./face.ts";
import { describe, type FormerTrouble, removeFormer } from "./former.ts";
import type { ProxyCalls, RegistrationPorts, TokenView } from "./ports.ts";
import { isSameIntent, type RegistrationRecord, withoutFormer } from "./record.ts";

/** What a process remembers of one proxy between looks. Never needed: Coder, the status and the Secret know it all. */
export interface RegistrationMemory {
  /** A token that was made and is not in the Secret yet. */
  made?: string | undefined;
  /** Hash of the token that Coder last accepted, and when. */
  confirmed?: { readonly hash: string; readonly at: number } | undefined;
}

/** What a look works with. */
export interface SettleInput {
  /** Of the resource. */
  readonly uid: string;
  /** Undefined: the operator is to register nothing; what it registered goes. */
  readonly wanted: WantedRegistration | undefined;
  /** As the status has it. */
  readonly record: RegistrationRecord;
  /**
   * Whether every pod runs with the token that is in the Secret by then, and no other pod is left: nobody uses an earlier
   * registration. A function is asked only where there is one to remove.
   */
  readonly rolledOut: boolean | ((secret: TokenView) => Promise<boolean>);
  readonly memory: RegistrationMemory;
}

/** How it ended. */
export interface Settled {
  /** As Coder has it; undefined where nothing is registered. */
  readonly proxy: WorkspaceProxy | undefined;
  /** As it was last saved. */
  readonly record: RegistrationRecord;
  /** Coder has accepted the token in the Secret lately. */
  readonly confirmed: boolean;
  /** Earlier registrations that could not be removed yet. */
  readonly leftovers: readonly FormerTrouble[];
}

export interface SettleOptions {
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** How long a token that Coder accepted counts as good where Coder finds the proxy well. @default {3_600_000} */
  readonly confirmedMs?: number;
}

/** More changes than this in one look are left to the next one. */
const MOST_ROUNDS = 20;
/** The same for the proxy's name, display name and icon. */
const MOST_CHANGES = 2;

/**
 * Looks, and acts until there is nothing left to do. Throws {@linkcode RegistrationError}, what calls to Coder throw, and
 * what the ports throw: the next look goes on where this one ended, also in another process.
 */
export async function settle(
  input: SettleInput,
  ports: RegistrationPorts,
  options: SettleOptions,
): Promise<Settled> {
  return await new Look(input, ports, options).run();
}

class Look {
  readonly #input: SettleInput;
  readonly #ports: RegistrationPorts;
  readonly #options: SettleOptions;
  #record: RegistrationRecord;
  #secret: TokenView = { state: "missing" };
  #proxies: readonly WorkspaceProxy[] | undefined;
  /** The list is no older than this look, or than the last change. */
  #isFresh = false;
  #verdict: RegistrationFacts["verdict"];
  #calls: ProxyCalls | undefined;
  /** The token that was made in this look. */
  #madeNow: string | undefined;
  #conflicts = 0;
  #changes = 0;

  constructor(input: SettleInput, ports: RegistrationPorts, options: SettleOptions) {
    this.#input = input;
    this.#ports = ports;
    this.#options = options;
    this.#record = input.record;
  }

  async run(): Promise<Settled> {
    const { signal } = this.#options;
    this.#secret = await this.#ports.readToken(signal);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const decision = decide(this.#facts());
      if (decision.do === "rest") return await this.#rest(decision.proxy);
      // What is written, or refused, must not rest on what somebody else saw a while ago.
      if (this.#proxies !== undefined && !this.#isFresh && decision.do !== "check") await this.#look(true);
      else await this.#act(decision);
    }
    throw unsettled();
  }

  #facts(): RegistrationFacts {
    const { uid, wanted, memory } = this.#input;
    const now = this.#options.now();
    return {
      uid,
      wanted,
      record: this.#record,
      secret: this.#secret,
      made: memory.made,
      proxies: this.#proxies,
      verdict: this.#verdict,
      confirmed: this.#isConfirmed(),
      now,
    };
  }

  async #act(decision: Exclude<Decision, { do: "rest" }>): Promise<void> {
    switch (decision.do) {
      case "refuse":
        throw decision.error;
      case "look":
        return await this.#look(false);
      case "check":
        return await this.#check(decision.token);
      case "save":
        return await this.#save(decision.record);
      case "create":
        return await this.#create(decision);
      case "change":
        return await this.#change(decision);
      case "regenerate":
        return await this.#regenerate(decision);
      case "store":
        return await this.#store(decision.token);
    }
  }

  async #look(fresh: boolean): Promise<void> {
    const calls = await this.#coder();
    this.#proxies = await calls.list({ signal: this.#options.signal, fresh });
    this.#isFresh = fresh;
  }

  async #check(token: string): Promise<void> {
    const calls = await this.#coder();
    try {
      this.#verdict = await calls.checkToken(token, { signal: this.#options.signal });
    } catch (error) {
      // An older Coder cannot be asked: then nothing is known against the token.
      if (!isUnsupported(error)) throw error;
      this.#verdict = "unknown";
    }
    const { memory } = this.#input;
    memory.confirmed = this.#verdict === "accepted"
      ? { hash: hashOf(token), at: this.#options.now().getTime() }
      : undefined;
  }

  async #save(record: RegistrationRecord): Promise<void> {
    await this.#ports.save(record, this.#options.signal);
    const { registration: before } = this.#record;
    this.#record = record;
    const { registration, registrationIntent } = record;
    if (registrationIntent !== undefined && before !== undefined && registration === undefined) {
      this.#tell(
        "Warning",
        "RegistrationLost",
        `Coder has no proxy ${before.name} any more; it is made anew`,
      );
    }
    if (registration !== undefined && registration.id !== before?.id) {
      const { name, coderURL, id } = registration;
      this.#tell("Normal", "Registered", `Proxy ${name} is registered with Coder at ${coderURL}, as ${id}`);
    }
  }

  async #create({ face }: Extract<Decision, { do: "create" }>): Promise<void> {
    const calls = await this.#coder();
    const stored = await this.#stored();
    if (!isSameIntent(stored.registrationIntent, this.#record.registrationIntent)) {
      // What the cache had is older: somebody has gone on with it.
      this.#record = stored;
      return;
    }
    try {
      const { proxy, proxyToken } = await calls.create(face, { signal: this.#options.signal });
      this.#input.memory.made = this.#madeNow = proxyToken;
      this.#seen(proxy);
    } catch (error) {
      // Somebody has just taken the name; or we have, and the answer was lost.
      if (!isConflict(error) || ++this.#conflicts > 1) throw error;
      this.#proxies = undefined;
    }
  }

  async #change({ id, face }: Extract<Decision, { do: "change" }>): Promise<void> {
    if (++this.#changes > MOST_CHANGES) throw unsettled();
    const calls = await this.#coder();
    const { proxy } = await calls.update(id, face, { signal: this.#options.signal });
    this.#seen(proxy);
  }

  async #regenerate({ id, face, need }: Extract<Decision, { do: "regenerate" }>): Promise<void> {
    const calls = await this.#coder();
    await this.#stored();
    // A good token must not be lost for what the Secret held before Coder was asked.
    const secret = await this.#ports.readToken(this.#options.signal, { fresh: true });
    if (tokensOf(secret) !== tokensOf(this.#secret)) {
      this.#secret = secret;
      this.#verdict = undefined;
      return;
    }
    const answer = await calls.update(id, { ...face, regenerateToken: true }, {
      signal: this.#options.signal,
    });
    if (answer.proxyToken === undefined) {
      throw new RegistrationError("NoToken", `Coder made no token for proxy ${face.name}`, "later");
    }
    this.#input.memory.made = this.#madeNow = answer.proxyToken;
    this.#seen(answer.proxy);
    const why = {
      TokenMissing: "the Secret has none",
      TokenRefused: "Coder does not take the one in the Secret",
      TokenOfOther: "the Secret has that of another proxy",
    }[need];
    this.#tell("Normal", "TokenRegenerated", `Made a new token for proxy ${face.name}: ${why}`);
  }

  /** Before anything is made: what the cache had may be older. */
  async #stored(): Promise<RegistrationRecord> {
    const stored = await this.#ports.storedRecord(this.#options.signal);
    if (stored !== undefined) return stored;
    throw new RegistrationError("Deleting", "the resource is being deleted: nothing is registered", "change");
  }

  async #store(token: string): Promise<void> {
    await this.#ports.writeToken(token, this.#options.signal);
    const { memory } = this.#input;
    memory.made = undefined;
    this.#secret = { state: "held", token };
    this.#verdict = undefined;
    // One of an earlier look may have been replaced since.
    if (token !== this.#madeNow) return;
    this.#verdict = "accepted";
    memory.confirmed = { hash: hashOf(token), at: this.#options.now().getTime() };
  }

  async #rest(proxy: WorkspaceProxy | undefined): Promise<Settled> {
    const { memory, rolledOut, wanted } = this.#input;
    if (wanted === undefined) memory.made = undefined;
    const leftovers: FormerTrouble[] = [];
    const formers = this.#record.formerRegistrations ?? [];
    const unused = typeof rolledOut === "boolean"
      ? rolledOut
      : formers.length > 0 && await rolledOut(this.#secret);
    for (const former of unused ? formers : []) {
      const { signal, now } = this.#options;
      const outcome = await removeFormer(former, this.#ports, {
        isOurs: (proxy) => isMarked(proxy, this.#input.uid),
        keep: this.#record.registration?.id,
        now: now(),
        signal,
      });
      if (outcome.end === "failed" || outcome.end === "awaited") {
        leftovers.push({ former, ...outcome });
        continue;
      }
      await this.#save(withoutFormer(this.#record, former));
      this.#ports.tell(describe(former, outcome));
    }
    return { proxy, record: this.#record, confirmed: this.#isConfirmed(), leftovers };
  }

  /** Takes an answer into the list. */
  #seen(proxy: WorkspaceProxy): void {
    this.#proxies = [...(this.#proxies ?? []).filter(({ id }) => id !== proxy.id), proxy];
    this.#isFresh = true;
  }

  async #coder(): Promise<ProxyCalls> {
    if (this.#calls !== undefined) return this.#calls;
    const { wanted } = this.#input;
    if (wanted === undefined) throw new TypeError("nothing is wanted of Coder");
    const way = await this.#ports.coder(wanted.place, this.#options.signal);
    if (way.way === "open") return this.#calls = way.calls;
    const reason = way.way === "gone" ? "ControlPlaneMissing" : way.reason;
    throw new RegistrationError(reason, way.message, "change");
  }

  #isConfirmed(): boolean {
    const { memory: { confirmed } } = this.#input;
    const { confirmedMs = 3_600_000, now } = this.#options;
    return this.#secret.state === "held" && confirmed?.hash === hashOf(this.#secret.token) &&
      Math.abs(now().getTime() - confirmed.at) < confirmedMs;
  }

  #tell(type: "Normal" | "Warning", reason: string, message: string): void {
    this.#ports.tell({ type, reason, message });
  }
}

/** Two Secrets are of the same use where it is the same. */
function tokensOf(secret: TokenView): string {
  if (secret.state === "foreign") return secret.state;
  const kept = [...secret.kept?.values() ?? []].sort();
  return [secret.state, secret.state === "held" ? secret.token : "", ...kept].join("\n");
}

function unsettled(): RegistrationError {
  const message =
    "Coder does not keep what it is told about the proxy, or somebody else changes it all the time";
  return new RegistrationError("Unsettled", message, "later");
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
