/** Whether two outcomes are the same, but for what is each server's own. */
import type { ManagedFieldsEntry } from "../../../src/api/kubernetes/types.ts";
import type { KubeObject } from "../../../src/api/object.ts";
import type { Outcome } from "./memory_things.ts";
import type { RealOutcome, Refusal } from "./real_things.ts";

/** A moment as managed fields have it, in whole seconds. */
export function wholeSecond(moment: Date): Date {
  return new Date(Math.floor(moment.getTime() / 1_000) * 1_000);
}

/** The moment of a write by the real server's clock: the last time that it gave, if it gave one. */
export function momentOf(outcome: RealOutcome, started: Date): Date {
  const entries = "object" in outcome ? outcome.object?.metadata.managedFields ?? [] : [];
  const times = entries.map(({ time }) => Date.parse(time ?? "")).filter((time) => time >= started.getTime());
  return new Date(Math.max(started.getTime(), ...times));
}

/**
 * The object with the times of another, which has the same owners: also that of its deletion, which a write that says
 * another one would be taken to change.
 */
export function withTimesOf(given: KubeObject, other: KubeObject): KubeObject {
  const { deletionTimestamp } = other.metadata;
  const object = given.metadata.deletionTimestamp === undefined || deletionTimestamp === undefined
    ? given
    : { ...given, metadata: { ...given.metadata, deletionTimestamp } };
  const { managedFields } = object.metadata;
  if (managedFields === undefined) return object;
  const entries = managedFields.map(({ time: _time, ...entry }, index): ManagedFieldsEntry => {
    const time = other.metadata.managedFields?.[index]?.time;
    return time === undefined ? entry : { ...entry, time };
  });
  return { ...object, metadata: { ...object.metadata, managedFields: entries } };
}

/**
 * What came of a write, to be compared and shown: an object, part by part and without what is each server's own, or a
 * refusal, as clients read it.
 *
 * @param started when the write began, in whole seconds: times from then on are one, for the write may have had more
 */
export function lines(outcome: Outcome | RealOutcome, started: Date): readonly string[] {
  if ("refusal" in outcome) return [text(refusal(outcome.refusal))];
  const warnings = outcome.warnings.map((one) => `warning: ${one}`).sort();
  return outcome.object === undefined
    ? ["gone", ...warnings]
    : [...partsOf(outcome.object, started), ...warnings];
}

function partsOf({ metadata, ...parts }: KubeObject, started: Date): string[] {
  const {
    uid: _uid,
    resourceVersion: _version,
    creationTimestamp: _created,
    deletionTimestamp,
    ...meta
  } = metadata;
  const { managedFields = [], ...others } = meta;
  const rest = { ...others, isGoing: deletionTimestamp !== undefined };
  return [text(parts), text(rest), ...managedFields.map((entry) => text(clamped(entry, started)))];
}

function clamped(entry: ManagedFieldsEntry, started: Date): ManagedFieldsEntry {
  return Date.parse(entry.time ?? "") >= started.getTime() ? { ...entry, time: "now" } : entry;
}

/** The order of keys says nothing. */
function text(value: unknown): string {
  return JSON.stringify(value, (_key, child) => {
    const isMap = typeof child === "object" && child !== null && !Array.isArray(child);
    return isMap ? Object.fromEntries(Object.entries(child).sort(([a], [b]) => a < b ? -1 : 1)) : child;
  });
}

/** Conflicts come in any order from the real server. */
function refusal({ code, reason, message, details }: Refusal): unknown {
  // What is wrong with a configuration is told with 500 there, with values as Go shows them, and in any order.
  if (message.startsWith("failed to create typed")) {
    return { code: 400, wrong: message.split("\n").map((line) => line.split(", got ")[0]).sort() };
  }
  // What is invalid is told in other words, and by some of the rules there twice.
  if (code === 422) {
    const causes = (details?.causes ?? []).map(({ field, reason }) => `${field} ${reason}`);
    return { code, reason, causes: [...new Set(causes)].sort() };
  }
  const causes = [...details?.causes ?? []].sort((left, right) =>
    JSON.stringify(left) < JSON.stringify(right) ? -1 : 1
  );
  return { code, reason, message, causes };
}
