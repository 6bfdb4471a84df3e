/** Which records are meant, and in which order, wherever they are kept. */
import type { SessionRecord } from "../types.ts";
import type { SessionFilter } from "./types.ts";

export function matches(
  record: SessionRecord,
  { owner, workerId, states, name, labels }: SessionFilter,
): boolean {
  return (owner === undefined || record.owner === owner) &&
    (workerId === undefined || record.workerId === workerId) &&
    (states === undefined || states.includes(record.state)) &&
    (name === undefined || record.name === name) &&
    Object.entries(labels ?? {}).every(([key, value]) =>
      Object.hasOwn(record.labels, key) && record.labels[key] === value
    );
}

/** By creation; ties by id. */
export function newestFirst(a: SessionRecord, b: SessionRecord): number {
  return b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1);
}
