/** The end of a provisioner: all its keys are deleted in Coder, as far as that can be done in bounded time. */
import { holderOf } from "./holder.ts";
import { heldFor, holdOf } from "./hold.ts";
import { strayKeys } from "./listing.ts";
import type { KeepOptions } from "./keep.ts";
import type { KeyPorts } from "./ports.ts";
import { abandoned, type KeyLists, type LostKey, removeKey } from "./removal.ts";
import type { KeyEvent, KeyFacts, KeyIntent, KeyRecord } from "./types.ts";

/** How long Coder may be away before its keys are given up, in milliseconds. */
export const REVOKE_LIMIT_MS = 10 * 60_000;

/** How often a deployment that is away is tried, in milliseconds. */
const LOOK_AGAIN_MS = 15_000;

/** What there is to revoke. */
export interface RevokeInput {
  readonly record: KeyRecord;
  /** Lets keys be found that are on no record. Undefined where the control plane is not known any more. */
  readonly known?: Pick<KeyFacts, "wanted" | "listing"> | undefined;
  /** When the deletion began: `metadata.deletionTimestamp`. */
  readonly since: Date;
  readonly now: Date;
  /** @default {REVOKE_LIMIT_MS} */
  readonly limitMs?: number | undefined;
  /** Somebody asked to give the keys up now. @default {false} */
  readonly giveUp?: boolean | undefined;
}

/** What came of it. */
export interface RevokeOutcome {
  /** The finalizer may go: every key is deleted or given up. */
  readonly done: boolean;
  /** To be stored, as the outcome of other passes. */
  readonly record: KeyRecord;
  /** Keys that may still be in Coder. */
  readonly lost: readonly LostKey[];
  /** `Revoked`, `Abandoned`, or why it goes on: `Revoking`, `RateLimited`, … */
  readonly reason: string;
  readonly message: string;
  readonly lookAgainMs?: number | undefined;
  readonly events: readonly KeyEvent[];
}

/** Tries to delete every key once. Throws only where the signal ends it. */
export async function revokeKeys(
  input: RevokeInput,
  ports: Pick<KeyPorts, "coder">,
  { signal, random = Math.random, clock = () => input.now }: Pick<KeepOptions, "signal" | "random" | "clock">,
): Promise<RevokeOutcome> {
  const { now, since, limitMs = REVOKE_LIMIT_MS } = input;
  const left = Math.max(0, since.getTime() + limitMs - now.getTime());
  const events: KeyEvent[] = [];
  const lost: LostKey[] = [];
  // What was refused for what it asked for, says nothing about deleting.
  const holds = input.record.holds.filter(({ inputs }) => inputs === undefined);
  let record: KeyRecord = { ...input.record, present: undefined, intents: keysOf(input), holds };
  let trouble: { reason: string; message: string } | undefined;
  const waits: number[] = [];
  const lists: KeyLists = new Map();

  for (const intent of record.intents) {
    const held = heldFor(record, { home: intent.home, wanted: undefined, now });
    if (held > 0) {
      trouble = holdOf(record, intent.home);
      waits.push(held);
      continue;
    }
    const removal = await removeKey(record, intent, ports, {
      wanted: undefined,
      now,
      lists,
      random,
      clock,
      signal,
    });
    if (removal.end === "closed") {
      trouble ??= { reason: "ControlPlaneUnavailable", message: removal.message };
      waits.push(LOOK_AGAIN_MS);
      continue;
    }
    if (removal.end === "awaited") {
      trouble ??= { reason: "Revoking", message: removal.message };
      waits.push(removal.ms);
      continue;
    }
    record = removal.record;
    if (removal.end === "failed") {
      trouble = holdOf(record, intent.home);
      waits.push(heldFor(record, { home: intent.home, wanted: undefined, now }));
      continue;
    }
    events.push(removal.event);
    if (removal.end === "abandoned") lost.push(removal.lost);
  }

  if (record.intents.length > 0 && left > 0 && input.giveUp !== true) {
    const message = `${record.intents.map(({ name }) => name).join(", ")} still to be deleted in Coder: ${
      trouble?.message ?? ""
    }. Given up at ${new Date(now.getTime() + left).toISOString().replace(/\.\d+Z$/, "Z")}`;
    return {
      done: false,
      record,
      lost,
      reason: trouble?.reason ?? "Revoking",
      message,
      lookAgainMs: Math.ceil(Math.min(left, ...waits)),
      events,
    };
  }
  for (const intent of record.intents) {
    const removal = abandoned(record, intent, trouble?.message ?? "the time for it is over");
    lost.push(removal.lost);
    events.push(removal.event);
  }
  return {
    done: true,
    record: { intents: [], holds: [] },
    lost,
    reason: lost.length === 0 ? "Revoked" : "Abandoned",
    message: lost.length === 0
      ? "Every provisioner key is deleted in Coder"
      : `Keys that may still be in Coder: ${
        lost.map(({ name, address }) => `${name} at ${address}`).join(", ")
      }`,
    events,
  };
}

/** All that may be in Coder: those on record, and those that a list shows. */
function keysOf({ record, known, now }: RevokeInput): KeyIntent[] {
  const time = now.toISOString();
  const recorded: KeyIntent[] = [
    ...record.present === undefined ? [] : [{ ...record.present, step: "Retiring" as const, since: time }],
    ...record.intents,
  ];
  if (known === undefined) return recorded;
  return [...recorded, ...strayKeys({ ...known, record, now }, holderOf({ state: "missing" }, record))];
}
