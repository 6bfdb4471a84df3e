/** Whether the database's schema has moved since the last complete rollout, as the number of its migration tells. Pure. */

/** What the database says: the number of the last migration, and whether that was broken off. */
export interface Migration {
  readonly version: number;
  readonly dirty: boolean;
}

/** What is remembered of it while an image is rolled out. */
export interface SchemaMemory {
  /** The number before the rollout, when every pod was of the last complete one. */
  readonly before: number;
  /** The number that was seen last since. */
  readonly now?: number;
  /** That one was broken off. */
  readonly dirty?: true;
}

/** Reads what somebody may have made something else of. */
export function schemaMemory(value: unknown): SchemaMemory | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { before, now, dirty } = value as Record<string, unknown>;
  if (!isNumber(before)) return undefined;
  return { before, ...(isNumber(now) && { now }), ...(dirty === true && { dirty }) };
}

/** The memory of a rollout that begins now, while only pods of the image before have run. */
export function schemaBefore(seen: Migration | undefined): SchemaMemory | undefined {
  return seen === undefined || seen.dirty ? undefined : { before: seen.version };
}

/** The memory with what was seen now. */
export function schemaSeen(
  memory: SchemaMemory | undefined,
  seen: Migration | undefined,
): SchemaMemory | undefined {
  if (memory === undefined || seen === undefined) return memory;
  return { before: memory.before, now: seen.version, ...(seen.dirty && { dirty: true as const }) };
}

/**
 * True where the schema is another than before, false where it is surely the same. What was seen earlier proves only a
 * move: pods may have migrated since. Undefined where nothing is proven.
 */
export function schemaMoved(
  memory: SchemaMemory | undefined,
  seen: Migration | undefined,
): boolean | undefined {
  if (memory === undefined) return undefined;
  if (seen !== undefined) return seen.dirty || seen.version !== memory.before;
  const moved = memory.dirty === true || (memory.now ?? memory.before) !== memory.before;
  return moved ? true : undefined;
}

/** `the database schema has moved from 412 to 415`; empty where it has not, as far as known. */
export function movedWords(memory: SchemaMemory | undefined): string {
  if (memory === undefined) return "";
  const { before, now = before, dirty } = memory;
  if (dirty === true) return `the database schema was at ${before}, and ${brokenOff(now)}`;
  return now === before ? "" : `the database schema has moved from ${before} to ${now}`;
}

/** Coder starts on no such database. */
export function brokenOff(version: number): string {
  return `migration ${version} was broken off (schema_migrations says that it is dirty)`;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}
