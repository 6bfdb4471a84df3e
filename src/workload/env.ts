/** Container environment: Kubernetes evaluates it in order, and a later entry replaces an earlier one. */
import type { Deployment, EnvVar } from "../api/kubernetes/types.ts";

/** An environment in which every name occurs once. */
export interface MergedEnv {
  env: EnvVar[];
  /** Names that occurred more than once, in order of first occurrence. */
  duplicates: string[];
}

/** Matches `$$` (an escaped dollar) or `$(NAME)`. */
const REFERENCE = /\$\$|\$\(([^)]*)\)/g;

/** The names that a value refers to with `$(NAME)`. */
export function references(value: string): string[] {
  return [...value.matchAll(REFERENCE)].flatMap((match) => match[1] === undefined ? [] : [match[1]]);
}

/** Puts `text` in the place of each `$(name)`. */
function substitute(value: string, name: string, text: string): string {
  return value.replace(REFERENCE, (whole, referred: string | undefined) => referred === name ? text : whole);
}

/** A name that was seen more than once: its winning entry, and where it can stand. */
interface Slot {
  first: number;
  last: number;
  entry: EnvVar;
  repeated: boolean;
}

/**
 * Makes names unique, as the kubelet would see them: the last entry of a name wins. It stands where the name was first
 * defined, so that entries in between can refer to it, unless it needs an entry that comes later. A value that refers
 * to its own earlier value gets that value where it is known.
 */
export function mergeEnv(entries: readonly EnvVar[]): MergedEnv {
  const slots = new Map<string, Slot>();
  entries.forEach((entry, index) => {
    const earlier = slots.get(entry.name);
    if (earlier === undefined) {
      slots.set(entry.name, { first: index, last: index, entry, repeated: false });
    } else {
      slots.set(entry.name, {
        first: earlier.first,
        last: index,
        entry: withOwnValue(entry, earlier.entry),
        repeated: true,
      });
    }
  });
  const placed = [...slots.values()].map((slot) => ({ at: position(slot, slots), entry: slot.entry }));
  placed.sort((a, b) => a.at - b.at);
  return {
    env: placed.map(({ entry }) => entry),
    duplicates: [...slots].filter(([, slot]) => slot.repeated).map(([name]) => name),
  };
}

function withOwnValue(entry: EnvVar, earlier: EnvVar): EnvVar {
  if (entry.value === undefined || earlier.valueFrom !== undefined) return entry;
  return { ...entry, value: substitute(entry.value, entry.name, earlier.value ?? "") };
}

function position(slot: Slot, slots: ReadonlyMap<string, Slot>): number {
  const needsLater = references(slot.entry.value ?? "").some((name) => {
    const other = slots.get(name);
    return other !== undefined && other !== slot && other.first > slot.first && other.first < slot.last;
  });
  return needsLater ? slot.last : slot.first;
}

/** What the pods of a Deployment are told in `name`, as a plain value. */
export function told(live: Deployment | undefined, container: string, name: string): string | undefined {
  return live?.spec?.template.spec?.containers.find((one) => one.name === container)
    ?.env?.find((entry) => entry.name === name)?.value;
}
