/** What is to be done about the operator's access, as a function of what is known. */
import type { StoredToken } from "../../../coder/database/mod.ts";
import { isDue, leftOver } from "./access_token_life.ts";

/** What Coder, or its database, says about the token in the Secret. */
export type Verdict =
  /** It works, and is one of this control plane's. `others`: tokens of its names besides. */
  | {
    readonly kind: "valid";
    readonly by: "coder" | "database";
    readonly current: StoredToken;
    readonly others: readonly StoredToken[];
  }
  /** Coder refuses it in so many words. */
  | { readonly kind: "refused" }
  /** It works, but is not one of this control plane's. */
  | { readonly kind: "stranger" }
  /** Nobody could be asked, or the answer says nothing about the token. */
  | { readonly kind: "unknown" };

/** What a decision rests on. */
export interface AccessFacts {
  readonly disabled: boolean;
  /** There is, or was, access: a Secret of ours, or status fields that say so. */
  readonly traces: boolean;
  /** The Secret for the token: not there or without a token, with one, or somebody else's. */
  readonly secret: "none" | "held" | "foreign";
  /** Pods are available. */
  readonly ready: boolean;
  readonly verdict: Verdict;
  /** What was last known of the token in the Secret, where it was seen to work since this process started. */
  readonly known: StoredToken | undefined;
  readonly now: Date;
}

/** What is to be done next. */
export type Decision =
  /** Access is disabled, and nothing is left of it. */
  | { readonly do: "nothing" }
  /** Access is disabled: revoke every token, remove the Secret. */
  | { readonly do: "giveUp" }
  /** The Secret is somebody else's: leave everything alone. */
  | { readonly do: "refuse" }
  /** There is nobody to ask yet. */
  | { readonly do: "wait" }
  /** The token stays. `confirmed`: its validity has just been seen. */
  | { readonly do: "keep"; readonly confirmed: boolean }
  /** Make sure that there is a valid token; with `renew` a new one, although the old one works. */
  | { readonly do: "make"; readonly renew: boolean }
  /** Revoke these; the one with the id `keep` stays. */
  | { readonly do: "drop"; readonly tokens: readonly StoredToken[]; readonly keep: string };

/** Decides. */
export function decide(facts: AccessFacts): Decision {
  const { verdict, now, ready } = facts;
  if (facts.disabled) return { do: facts.traces ? "giveUp" : "nothing" };
  if (facts.secret === "foreign") return { do: "refuse" };
  if (facts.secret === "none") return ready ? { do: "make", renew: false } : { do: "wait" };
  switch (verdict.kind) {
    case "valid":
      return ofValid(verdict, now);
    case "refused":
    case "stranger":
      return { do: "make", renew: false };
    case "unknown":
      return ofUnknown(facts);
  }
}

function ofValid(verdict: Extract<Verdict, { kind: "valid" }>, now: Date): Decision {
  const { current, others } = verdict;
  const due = isDue(current, now);
  // There are two names only: the next token needs one that is free.
  const dropped = due ? others : leftOver(verdict, now);
  if (dropped.length > 0) return { do: "drop", tokens: dropped, keep: current.id };
  return due ? { do: "make", renew: true } : { do: "keep", confirmed: true };
}

function ofUnknown({ known, now, ready }: AccessFacts): Decision {
  if (!ready) return known === undefined ? { do: "wait" } : { do: "keep", confirmed: false };
  if (known === undefined) return { do: "make", renew: false };
  return isDue(known, now) ? { do: "make", renew: true } : { do: "keep", confirmed: false };
}
