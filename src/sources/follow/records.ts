/** Records of sources in what is kept of templates: the same ones that writes of users change. */
import type { z } from "zod";
import { templateDefinition, type TemplateSpec } from "../../api/template.ts";
import type { FollowedTemplate, SourceRecords } from "./ports.ts";
import { readState, type SourceState, stateToKeep } from "./state.ts";

/** What is kept of a template, as far as it is read here. */
export interface KeptRecord {
  readonly id: string;
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> | undefined };
  readonly spec?: Readonly<Record<string, unknown>> | undefined;
  readonly source?: Readonly<Record<string, unknown>> | undefined;
  readonly refusal?: { readonly reason: string; readonly message: string; readonly at: string } | undefined;
}

interface Stored<R> {
  readonly record: R;
  readonly version: string;
}

/** What is kept of one Coder's templates, as the shadows have it. */
export interface RecordStore<R extends KeptRecord> {
  all(kind: "templates"): Iterable<Stored<R>>;
  read(kind: "templates", id: string, signal: AbortSignal): Promise<Stored<R> | undefined>;
  write(record: R, version: string, signal: AbortSignal): Promise<Stored<R> | undefined>;
}

export const RECONCILE_AT = "coder.com/reconcile-at";

/** What is read of the spec. */
const PARTS: ReadonlySet<string> = new Set(["source", "variables", "provisionerTags"]);
const specSchema = templateDefinition.spec as z.ZodType<TemplateSpec>;

/** Records whose source cannot be read are left alone. */
export function sourceRecords<R extends KeptRecord>(store: RecordStore<R>): SourceRecords {
  /** What was made of records, which never change. */
  const known = new WeakMap<R, FollowedTemplate | "none">();
  const records = new WeakMap<FollowedTemplate, R>();

  function followed({ record, version }: Stored<R>): FollowedTemplate | undefined {
    let made = known.get(record);
    if (made === undefined || (made !== "none" && made.version !== version)) {
      known.set(record, made = templateOf(record, version) ?? "none");
      if (made !== "none") records.set(made, record);
    }
    return made === "none" ? undefined : made;
  }

  return {
    *list() {
      for (const stored of store.all("templates")) {
        const one = stored.record.spec?.["source"] === undefined ? undefined : followed(stored);
        if (one !== undefined) yield one;
      }
    },
    async read(id, signal) {
      const stored = await store.read("templates", id, signal);
      return stored === undefined ? undefined : followed(stored);
    },
    async write(before, state, signal) {
      const record = records.get(before);
      if (record === undefined) throw new TypeError("a record that was not read here");
      const written = await store.write(withState(record, state), before.version, signal);
      return written === undefined ? undefined : followed(written);
    },
  };
}

function templateOf(record: KeptRecord, version: string): FollowedTemplate | undefined {
  const kept = Object.entries(record.spec ?? {}).filter(([name]) => PARTS.has(name));
  const { success, data } = specSchema.safeParse(Object.fromEntries(kept));
  if (!success || data.source === undefined) return undefined;
  return {
    id: record.id,
    source: data.source,
    variables: data.variables ?? [],
    tags: data.provisionerTags ?? {},
    request: record.metadata.annotations?.[RECONCILE_AT],
    state: readState(record.source),
    version,
  };
}

/** A problem is told as everything that could not be done in the background; others' are left. */
function withState<R extends KeptRecord>(record: R, state: SourceState): R {
  const { refusal, ...rest } = record;
  const before = readState(record.source).problem;
  const isOurs = refusal !== undefined && refusal.reason === before?.reason &&
    refusal.message === before.message;
  const told = state.problem ?? (isOurs ? undefined : refusal);
  const source = stateToKeep(state);
  return { ...rest, source, ...(told === undefined ? {} : { refusal: told }) } as unknown as R;
}
