/** One look at a control plane's access: what there is, what is to be done, doing it, saying it. */
import { isControlledBy } from "../../../kube/apply/owner_references.ts";
import type { Report } from "../../report.ts";
import { askCoder } from "./access_api.ts";
import { decide, type Decision, type Verdict } from "./access_decision.ts";
import { AccessError } from "./access_error.ts";
import { OPERATOR_USER, tokenNames } from "./access_identity.ts";
import { type AccessMemory, hasTraces, seemsGood } from "./access_memory.ts";
import { endOf, goneTime, renewalTime, timeText } from "./access_token_life.ts";
import { AccessWays } from "./access_ways.ts";
import { sayDisabled, sayNone, sayUnconfirmed, sayValid } from "./access_words.ts";
import { tokenSecretKey } from "../secrets.ts";
import { deleteTokenSecret, readTokenSecret, type TokenSecret, writeTokenSecret } from "./token_secret.ts";
import type { Visit, VisitTools } from "../visit.ts";

/** What a look works with. */
export interface AccessWorkOptions {
  visit: Visit;
  tools: VisitTools;
  memory: AccessMemory;
  clusterDomain: string;
}

/** More changes than this in one look are left to the next one. */
const MOST_ROUNDS = 5;

/** Nothing is worth another look before something changes. */
const ON_CHANGE = Infinity;

/** One look. Throws what went wrong; nothing is said then. */
export class AccessWork {
  readonly #visit: Visit;
  readonly #tools: VisitTools;
  readonly #memory: AccessMemory;
  readonly #ways: AccessWays;
  #secret: TokenSecret = { state: "none" };
  /** The token is in the Secret, and the Secret is ours. */
  #stored = false;
  /** A token was made in this look. */
  #made = false;
  #verdict: Verdict = { kind: "unknown" };
  /** Why Coder's answer says nothing. */
  #error: unknown;

  constructor({ visit, tools, memory, clusterDomain }: AccessWorkOptions) {
    this.#visit = visit;
    this.#tools = tools;
    this.#memory = memory;
    this.#ways = new AccessWays(visit, tools, clusterDomain);
  }

  /** Looks, acts, and says how it is. Returns when the next look is due, in milliseconds; undefined: at the usual time. */
  async run(report: Report): Promise<number | undefined> {
    await this.#readToken();
    if (this.#visit.controlPlane.spec.operatorAccess.disabled) return await this.#disabled(report);
    await this.#ask();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const decision = this.#decide();
      if (await this.#act(decision)) continue;
      return await this.#conclude(decision, report);
    }
    return 1_000;
  }

  /** Revokes every token of the control plane, which is going away. Returns how many there were. */
  async end(): Promise<number> {
    await this.#readToken();
    return hasTraces(this.#memory, this.#visit) ? await this.#revokeAll() : 0;
  }

  #decide(): Decision {
    const { controlPlane, ready } = this.#visit;
    const { known, pending, token } = this.#memory;
    const held = token !== undefined || pending !== undefined;
    return decide({
      disabled: controlPlane.spec.operatorAccess.disabled,
      traces: hasTraces(this.#memory, this.#visit) || this.#ownsSecret(),
      secret: this.#secret.state === "foreign" ? "foreign" : held ? "held" : "none",
      ready,
      verdict: this.#verdict,
      known,
      now: this.#tools.now(),
    });
  }

  /** The token of the Secret, or of the one that had its place before. */
  async #readToken(): Promise<void> {
    const { controlPlane, key: { namespace } } = this.#visit;
    const { secret } = tokenSecretKey(controlPlane);
    this.#secret = await readTokenSecret(this.#visit, this.#tools);
    let found = this.#secret;
    const before = controlPlane.status.operatorTokenSecretRef?.name;
    if (found.state === "none" && before !== undefined && before !== secret.name) {
      found = await readTokenSecret(this.#visit, this.#tools, { namespace, name: before });
    }
    const token = found.state === "held" ? found.token : undefined;
    if (token !== this.#memory.token) {
      Object.assign(this.#memory, { token, known: undefined, verdict: "unknown" });
    }
    if (token !== undefined) this.#tools.keepSecret(token);
    this.#stored = this.#secret.state === "held" && !this.#secret.adopt && this.#memory.pending === undefined;
  }

  /** The token to look at: a newer one may wait for the Secret. */
  get #token(): string | undefined {
    return this.#memory.pending?.token ?? this.#memory.token;
  }

  async #ask(): Promise<void> {
    const { ready, reachable, controlPlane } = this.#visit;
    const token = this.#token;
    if (token === undefined || this.#secret.state === "foreign" || !ready || !reachable) return;
    const answer = await askCoder(this.#visit.client(token), token, tokenNames(controlPlane), this.#visit);
    this.#error = answer.error;
    this.#judge(answer.verdict);
  }

  /** Throws where Coder still refuses what PostgreSQL has. */
  async #askAgain(kept: Verdict): Promise<void> {
    await this.#ask();
    if (this.#verdict.kind === "refused") throw mismatch();
    if (this.#verdict.kind === "unknown") this.#judge(kept);
  }

  #judge(verdict: Verdict): void {
    this.#verdict = verdict;
    this.#memory.verdict = verdict.kind;
    if (verdict.kind === "valid") this.#memory.known = verdict.current;
    if (verdict.kind === "refused" || verdict.kind === "stranger") this.#memory.known = undefined;
  }

  /** Does what was decided. Returns false where nothing is to be done. */
  async #act(decision: Decision): Promise<boolean> {
    if (decision.do === "drop") {
      const { keep, tokens } = decision;
      await this.#ways.drop(this.#token ?? "", tokens, keep, this.#works);
      for (const { name } of tokens) {
        this.#event("OperatorTokenRevoked", `Revoked token ${name}: it is replaced`, "Revoke");
      }
      if (this.#verdict.kind === "valid") {
        const others = this.#verdict.others.filter((other) => tokens.every(({ id }) => id !== other.id));
        this.#judge({ ...this.#verdict, others });
      }
      return true;
    }
    if (decision.do !== "make") return false;
    await this.#make(decision.renew);
    return true;
  }

  get #works(): boolean {
    return this.#verdict.kind === "valid" && this.#verdict.by === "coder";
  }

  async #make(renew: boolean): Promise<void> {
    const result = await this.#ensure(renew);
    const { current, others, through, token } = result;
    if (token === undefined) {
      const kept: Verdict = { kind: "valid", by: "database", current, others };
      // PostgreSQL knows better than a refusal of a moment ago only where it has put something right.
      const wasRefused = this.#verdict.kind === "refused";
      this.#judge(kept);
      if (wasRefused) await this.#askAgain(kept);
      return;
    }
    this.#tools.keepSecret(token);
    this.#memory.pending = { ...result, token };
    this.#made = true;
    const where = through === "database" ? "in PostgreSQL" : "through Coder's API";
    const note = `${renew ? "Renewed" : "Made"} the operator's token ${where}: ${current.name} of ` +
      `${OPERATOR_USER.username}, until ${timeText(endOf(current))}`;
    this.#event(renew ? "OperatorTokenRenewed" : "OperatorTokenCreated", note, renew ? "Renew" : "Create");
    await this.#store();
    this.#judge({ kind: "valid", by: through === "api" ? "coder" : "database", current, others });
  }

  async #ensure(renew: boolean) {
    try {
      return await this.#ways.ensure(this.#token, { renew, works: this.#works });
    } catch (error) {
      const isHelpless = error instanceof AccessError &&
        ["NoDatabaseURL", "WaitingForCoder"].includes(error.reason);
      if (!isHelpless || this.#token === undefined || this.#verdict.kind !== "unknown") throw error;
      // The token may well be good: only Coder could tell.
      throw this.#error ?? new AccessError(
        "WaitingForCoder",
        "Coder is asked about the operator's token once it answers",
        "change",
      );
    }
  }

  /** Puts the token into the Secret. */
  async #store(): Promise<void> {
    const token = this.#token;
    if (token === undefined) return;
    await writeTokenSecret(token, this.#visit, this.#tools);
    const { pending, known } = this.#memory;
    Object.assign(this.#memory, { token, known: pending?.current ?? known, pending: undefined });
    this.#stored = true;
  }

  async #conclude(decision: Decision, report: Report): Promise<number | undefined> {
    if (this.#secret.state === "foreign") return await this.#refuse(this.#secret.message);
    const verdict = this.#verdict;
    if (decision.do === "wait") {
      if (seemsGood(this.#memory, this.#visit)) sayUnconfirmed(report);
      else {sayNone(report, {
          reason: "WaitingForCoder",
          message: "The operator makes its token once a pod is available",
        });}
      return ON_CHANGE;
    }
    if (verdict.kind !== "valid") {
      if (this.#error !== undefined) throw this.#error;
      return void sayUnconfirmed(report);
    }
    if (!this.#stored) await this.#store();
    await this.#deleteOldSecret();
    sayValid(report, verdict.by, verdict.current, tokenSecretKey(this.#visit.controlPlane));
    this.#memory.told = undefined;
    // A token that has just been made is looked at again at once: it is not in the cached Secret yet.
    if (this.#made) return 1_000;
    const { current, others } = verdict;
    const changes = [renewalTime(current), ...others.map((other) => goneTime(other, current))];
    const next = Math.min(...changes.map((time) => time.getTime())) - this.#tools.now().getTime();
    return next < 300_000 ? Math.max(next, 1_000) : undefined;
  }

  /** Somebody else's Secret has the name: what was made and found no place goes again. */
  async #refuse(message: string): Promise<never> {
    if (this.#memory.pending !== undefined) await this.#revokeAll();
    throw new AccessError("ForeignSecret", message, "change");
  }

  async #disabled(report: Report): Promise<number> {
    if (this.#decide().do === "giveUp") {
      const { controlPlane } = this.#visit;
      if (hasTraces(this.#memory, this.#visit)) await this.#revokeAll();
      const names = [
        tokenSecretKey(controlPlane).secret.name,
        controlPlane.status.operatorTokenSecretRef?.name,
      ];
      for (const name of new Set(names)) {
        if (name !== undefined) await deleteTokenSecret(name, this.#visit, this.#tools);
      }
      Object.assign(this.#memory, {
        token: undefined,
        known: undefined,
        verdict: "unknown",
        told: undefined,
      });
    }
    sayDisabled(report);
    return ON_CHANGE;
  }

  async #revokeAll(): Promise<number> {
    const count = await this.#ways.revokeAll(this.#token);
    Object.assign(this.#memory, { pending: undefined, known: undefined });
    if (count > 0) {
      const note = `Revoked ${
        count === 1 ? "the operator's token" : `${count} tokens of the operator`
      } in Coder`;
      this.#event("OperatorTokenRevoked", note, "Revoke");
    }
    return count;
  }

  /** The token has moved to a Secret of another name. */
  async #deleteOldSecret(): Promise<void> {
    const { controlPlane } = this.#visit;
    const before = controlPlane.status.operatorTokenSecretRef?.name;
    if (before === undefined || before === tokenSecretKey(controlPlane).secret.name) return;
    await deleteTokenSecret(before, this.#visit, this.#tools);
  }

  #ownsSecret(): boolean {
    const { secret } = tokenSecretKey(this.#visit.controlPlane);
    const live = this.#tools.kinds.secrets.get(secret);
    return live !== undefined && isControlledBy(live, this.#visit.object);
  }

  #event(reason: string, note: string, action: string): void {
    this.#tools.events.event(this.#visit.object, "Normal", reason, note, action);
    this.#visit.log.info(note);
  }
}

function mismatch(): AccessError {
  return new AccessError(
    "DatabaseMismatch",
    "Coder refuses a token that is valid in PostgreSQL: the URL that the operator uses leads to another database than " +
      "Coder's. Correct it in spec.operatorAccess.databaseURLSecretRef, or in CODER_PG_CONNECTION_URL",
    "later",
  );
}
