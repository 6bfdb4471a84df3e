/**
 * The order in which a write takes effect, of whatever kind: what is kept in the cluster first, by compare-and-swap, which
 * decides between writers of all replicas; then what Coder is told; and where Coder refuses, what was kept before is kept
 * again. What changes metadata alone is not told to Coder.
 */
import { isDeepStrictEqual } from "node:util";
import { KubeApiError } from "../../kube/errors.ts";
import {
  MAX_RECORD_BYTES,
  type ShadowRecord,
  type ShadowStore,
  ShadowTooLargeError,
  type StoredShadow,
} from "../../shadow/mod.ts";
import { serviceUnavailable, StatusError } from "../serving/status_errors.ts";
import { StaleError } from "../writing/target.ts";

export interface Commitment<R> {
  readonly shadows: Pick<ShadowStore, "read" | "write" | "remove">;
  /** What was kept when the object was read. */
  readonly before: StoredShadow | undefined;
  /** What is to be kept. */
  readonly after: ShadowRecord;
  /** Tells Coder; absent where there is nothing to tell. In a dry run it must change nothing by itself. */
  readonly change?: (() => Promise<R>) | undefined;
  /** Nothing is stored. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

export interface Committed<R> {
  /** What `change` gave. */
  readonly result: R | undefined;
  /** What is kept now. Undefined: nothing. */
  readonly stored: StoredShadow | undefined;
}

/** However the request ends: so long may it take to keep again what was kept before, in milliseconds. */
const RESTORE_MS = 5_000;
/** Others may keep something else meanwhile, so often at most. */
const MOST_RESTORES = 5;

/**
 * Commits.
 *
 * @throws {StaleError} where somebody else was sooner
 * @throws {StatusError} 413 where it is too large to be kept, 403 where the API server does not allow it, such as by a
 * quota, 503 where it cannot be kept now
 * @throws what `change` throws
 */
export async function commit<R>(commitment: Commitment<R>): Promise<Committed<R>> {
  const { change, dryRun, before } = commitment;
  if (dryRun) {
    checkSize(commitment.after);
    return { result: await change?.(), stored: before };
  }
  const stored = await keep(commitment);
  if (change === undefined) return { result: undefined, stored };
  try {
    return { result: await change(), stored };
  } catch (error) {
    if (stored !== before) await restore(commitment, stored);
    throw error;
  }
}

/** Whether there is anything in a record that must not be lost. A generation alone is nothing. */
export function isWorthKeeping({ metadata, spec, source, refusal }: ShadowRecord): boolean {
  const { generation: _, ...own } = metadata;
  return [own, spec, source, refusal].some((part) => Object.values(part ?? {}).some(isSomething));
}

/** Whether a record can be kept, before anything is done. @throws {StatusError} 413 */
export function checkSize(record: ShadowRecord): void {
  const size = new TextEncoder().encode(JSON.stringify(record)).length;
  if (size > MAX_RECORD_BYTES) throw tooMuch(new ShadowTooLargeError(`it takes ${size} bytes`));
}

/** What is answered where something cannot be kept. */
export function keepingStatus(error: unknown): unknown {
  if (error instanceof StatusError || error instanceof StaleError) return error;
  if (error instanceof ShadowTooLargeError) return tooMuch(error);
  if (error instanceof KubeApiError && error.code === 403) {
    const message = `what Coder has no place for is kept in ConfigMaps, and one is refused: ${error.message}`;
    return new StatusError(403, "Forbidden", message, {}, { cause: error });
  }
  return serviceUnavailable("its metadata cannot be kept now: the cluster's API server does not take it", 1, {
    cause: error,
  });
}

function tooMuch(cause: ShadowTooLargeError): StatusError {
  const message = "its metadata is more than can be kept in a ConfigMap: use server-side apply " +
    "(kubectl apply --server-side), which needs no annotation with the whole object, or shorter annotations";
  return new StatusError(413, "RequestEntityTooLarge", message, { causes: [{ message: cause.message }] }, {
    cause,
  });
}

async function keep<R>(
  { shadows, before, after, signal }: Commitment<R>,
): Promise<StoredShadow | undefined> {
  const isKept = isWorthKeeping(after);
  if (before === undefined ? !isKept : isDeepStrictEqual(before.record, after)) return before;
  const { kind, id } = after;
  try {
    const stored = isKept
      ? await shadows.write(after, before?.version, signal)
      : await shadows.remove(kind, id, before?.version ?? "", signal) && { record: after, version: "" };
    if (stored !== undefined && stored !== false) return stored.version === "" ? undefined : stored;
    // Whoever tries again must not see what was known before.
    await shadows.read(kind, id, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw keepingStatus(error);
  }
  throw new StaleError("what is kept of it has changed");
}

/** Where this does not succeed either, what is kept is what was asked for: repeating the request makes it right. */
async function restore<R>(
  { shadows, before, after }: Commitment<R>,
  stored: StoredShadow | undefined,
): Promise<void> {
  const { kind, id } = after;
  const signal = AbortSignal.timeout(RESTORE_MS);
  const was = before?.record ?? { ...after, metadata: {} };
  let now = stored;
  for (let tries = 1; tries <= MOST_RESTORES; tries++) {
    try {
      // Who was sooner has kept what was asked for here, too.
      const record = now === stored ? was : withoutChange(now!.record, after, was);
      const isDone = isWorthKeeping(record)
        ? await shadows.write(record, now?.version, signal)
        : now === undefined || await shadows.remove(kind, id, now.version, signal);
      if (isDone !== undefined && isDone !== false) return;
    } catch {
      // Told to nobody: what Coder said is what counts. It may have been kept, or not.
    }
    try {
      now = await shadows.read(kind, id, signal);
      if (now === undefined) return;
    } catch {
      // What is kept is not known: the next try is refused, or right.
    }
  }
}

/** A record without what `after` has made of `before`, as far as it is still so. */
function withoutChange(now: ShadowRecord, after: ShadowRecord, before: ShadowRecord): ShadowRecord {
  const { parameters: _values, ...spec } = reverted(now.spec, after.spec, before.spec);
  const parameters = reverted(
    partOf(now, "parameters"),
    partOf(after, "parameters"),
    partOf(before, "parameters"),
  );
  const metadata = {
    ...reverted(now.metadata, after.metadata, before.metadata),
    labels: reverted(now.metadata.labels, after.metadata.labels, before.metadata.labels),
    annotations: reverted(now.metadata.annotations, after.metadata.annotations, before.metadata.annotations),
  };
  return {
    ...now,
    metadata: withoutNothing(metadata),
    spec: withoutNothing({ ...spec, parameters }),
  };
}

/** Entries that are as they were made are as they were again. */
function reverted<T extends object>(now: T | undefined, after: T | undefined, before: T | undefined): T {
  const [is, made, was] = [now, after, before].map((map) => (map ?? {}) as Record<string, unknown>);
  const result: Record<string, unknown> = { ...is };
  for (const name of new Set([...Object.keys(made!), ...Object.keys(was!)])) {
    const isOurs = !isDeepStrictEqual(made![name], was![name]) && isDeepStrictEqual(is![name], made![name]);
    if (!isOurs) continue;
    if (was![name] === undefined) delete result[name];
    else result[name] = was![name];
  }
  return result as T;
}

function partOf({ spec }: ShadowRecord, name: string): Record<string, unknown> | undefined {
  return spec?.[name] as Record<string, unknown> | undefined;
}

function withoutNothing<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => isSomething(part))) as T;
}

function isSomething(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}
