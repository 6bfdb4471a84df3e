/** Changing the files of a template: nothing is built or downloaded for content that is there already. */
import {
  type ArchiveEntry,
  ArchiveError,
  type ArchiveStream,
  checkedFiles,
  cleanPath,
  contentHash,
  FilesError,
  mergeFiles,
  readArchive,
  sourceFilesOf,
  textHash,
  withDirectories,
  writeTar,
} from "../../archive/mod.ts";
import type { Template, TemplateVersion } from "../../coder/mod.ts";
import { ActionError } from "../error.ts";
import { cancelled } from "./follow.ts";
import { failureOf } from "./failure.ts";
import { pendingChange, supersede } from "./pending.ts";
import { type Identity, identityOf, inputsHash, messageOf } from "./identity.ts";
import type { StoredChange } from "./store.ts";
import type { ChangeRecord, FilesState, VersionInputs } from "./types.ts";
import { type Place, placeOf } from "./versions.ts";
import type { TemplateRef, TemplateSession } from "./world.ts";

/** Coder takes no larger file. */
const MOST_BYTES = 100 << 20;

/** What a version shall be made of: one of the three. */
export interface Source {
  /** Path to text: all text files of the template. Whatever else it has stays. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** Everything: binary files, links, and which files may be executed. */
  readonly entries?: readonly ArchiveEntry[] | undefined;
  /** What is being built, or is active: for other variables or tags. */
  readonly isAsBefore?: boolean | undefined;
}

/** Content that was asked for, and how. */
export interface FilesChange extends VersionInputs, Source {
  /** Build content that has just failed again. @default {false} */
  readonly retry?: boolean | undefined;
  /** Build it alone: somebody else promotes it, by `versionId`. @default {false} */
  readonly hold?: boolean | undefined;
}

/** Content, checked. */
export type Content =
  | { readonly is: "files"; readonly text: string; readonly files: ReadonlyMap<string, string> }
  | {
    readonly is: "entries";
    readonly text: string;
    readonly content: string;
    readonly entries: readonly ArchiveEntry[];
  };
export type CheckedSource = Content | { readonly is: "asBefore" };

/** What came of it; `stored` where it is to be followed. */
export interface Accepted {
  readonly state: FilesState;
  readonly stored?: StoredChange | undefined;
}

/** The content, checked; undefined where none was asked for. Throws {@linkcode ActionError}. */
export function checkedSource(source: Source): CheckedSource | undefined {
  const content = checkedContent(source);
  return content === undefined && source.isAsBefore === true ? { is: "asBefore" } : content;
}

/** As {@linkcode checkedSource}, for something new. */
export function checkedContent({ files, entries }: Source): Content | undefined {
  return refusing(() => {
    if (entries !== undefined) {
      const odd = entries.filter(({ path }) => cleanPath(path) === undefined).map(({ path }) => ({
        path,
        problem: "cannot be the path of a template's file",
      }));
      if (odd.length > 0) throw new FilesError(odd);
      const text = textHash(sourceFilesOf(entries).files);
      return { is: "entries", text, content: contentHash(entries), entries } as const;
    }
    if (files === undefined) return undefined;
    const clean = checkedFiles(files);
    return { is: "files", text: textHash(clean), files: clean } as const;
  });
}

/** What audits say of it. */
export function textOf(source: CheckedSource): string {
  return source.is === "asBefore" ? "as before" : source.text;
}

/** An archive that Coder takes. */
export function archiveOf(entries: readonly ArchiveEntry[]): ArchiveStream {
  const archive = refusing(() => writeTar(withDirectories(entries)));
  if (archive.size <= MOST_BYTES) return archive;
  const message = `the template's archive would have ${archive.size} bytes, ${MOST_BYTES} are the most`;
  throw new ActionError("invalid", message, [{ field: "files", message }]);
}

/** Others who change the same template at the same time are given way so often. */
const MOST_TURNS = 5;

/** Stores what is asked for, unless it is so already. */
export async function acceptFiles(
  session: TemplateSession,
  template: TemplateRef,
  source: CheckedSource,
  change: FilesChange,
): Promise<Accepted> {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const accepted = await accept(session, template, source, change);
    if (accepted !== undefined) return accepted;
  }
  throw new ActionError(
    "conflict",
    "others are changing the files of this template; look at it, and try again",
  );
}

/** Undefined where somebody else was sooner. */
async function accept(
  session: TemplateSession,
  known: TemplateRef,
  source: CheckedSource,
  change: FilesChange,
): Promise<Accepted | undefined> {
  const { world, signal } = session;
  const pending = await pendingChange(session, known.id);
  // Lists may be old; and what is on record was read before.
  const template = await session.look(known.id);
  session.check(template, pending?.record);
  const inputs = inputsHash(change, template.name);
  // Whoever says nothing of variables and tags takes the active version as it is.
  const isOpen = change.variables === undefined && change.tags === undefined;
  const { templates } = await session.client();
  const active = await templates.version(template.active_version_id, { signal });
  // The first version of a template is active while it is imported.
  const isFirst = pending !== undefined && pending.record.version === active.id;
  const isBuilt = source.is === "asBefore" && pending !== undefined && pending.record.failure === undefined;
  if (!isFirst && !isBuilt && await isActive(session, template, active, source, inputs, isOpen)) {
    return await supersede(session, pending) ? { state: { state: "unchanged" } } : undefined;
  }
  const same = sameChange(pending, source, inputs, world.now() - world.retryMs, change);
  if (same !== undefined) return same;

  const base = () => templates.file(isBuilt ? pending.record.file : active.job.file_id, { signal });
  const entries = source.is === "entries"
    ? source.entries
    : source.is === "files"
    ? await merged(await base(), source.files)
    : await readArchive(await base());
  const archive = archiveOf(entries);
  const text = source.is === "asBefore" ? textHash(sourceFilesOf(entries).files) : source.text;
  const identity: Identity = { text, content: contentHash(entries), inputs };
  const place = await placeOf(session, template.id, identity, change.versionName);
  const failed = await lately(session, place, change.retry === true);
  if (failed !== undefined) {
    if (session.request.dryRun !== true && failed.state === "failed") {
      const file = place.failed?.job.file_id ?? "";
      const record = recordOf(session, template, change, { identity, place, file, pending });
      const { version, failure } = failed;
      const told = { ...record, ...(version === undefined ? {} : { version }), failure };
      if (await world.store.write(told, pending?.version, signal) === undefined) return undefined;
    }
    return { state: failed };
  }
  if (session.request.dryRun === true) return { state: { state: "wouldBuild", name: place.name } };

  const file = place.version?.job.file_id ??
    await session.write("upload file", ({ templateChanges }) => templateChanges.upload(archive, { signal }));
  const record = recordOf(session, template, change, { identity, place, file, pending });
  const stored = await world.store.write(record, pending?.version, signal);
  if (stored === undefined) return undefined;
  const before = pending?.record;
  if (before?.version !== undefined && before.failure === undefined && before.version !== record.version) {
    await cancelled(session, before.version);
  }
  return { state: { state: "building", version: record.version, name: record.name }, stored };
}

/** Stored archives that cannot be read are no caller's mistake; files that do not fit into them are. */
async function merged(base: Uint8Array, files: ReadonlyMap<string, string>): Promise<ArchiveEntry[]> {
  const entries = await readArchive(base);
  return refusing(() => mergeFiles(entries, files));
}

/** Whether the active version is made of this. Its own message tells, without a download; otherwise its files do. */
async function isActive(
  session: TemplateSession,
  template: Template,
  active: TemplateVersion,
  source: CheckedSource,
  inputs: string,
  isOpen: boolean,
): Promise<boolean> {
  const { world, signal } = session;
  if (active.job.status === "failed" || active.job.status === "canceled") return false;
  const identity = identityOf(active.message);
  if (identity !== undefined) {
    return isOf(source, identity) && (isOpen || identity.inputs === inputs);
  }
  if (inputs !== "none") return false;
  if (source.is === "asBefore") return true;
  if (source.is === "files") {
    const { files } = await world.copy.files(template, signal);
    return textHash(files) === source.text;
  }
  const { templates } = await session.client();
  return contentHash(await readArchive(await templates.file(active.job.file_id, { signal }))) ===
    source.content;
}

/** Whether that is the content that is asked for. */
function isOf(source: CheckedSource, made: Pick<Identity, "text" | "content">): boolean {
  switch (source.is) {
    case "files":
      return made.text === source.text;
    case "entries":
      return made.content === source.content;
    case "asBefore":
      return true;
  }
}

/** The change that is on record already, where it is the same. */
function sameChange(
  pending: StoredChange | undefined,
  source: CheckedSource,
  inputs: string,
  since: number,
  { retry = false, hold = false }: Pick<FilesChange, "retry" | "hold">,
): Accepted | undefined {
  if (pending === undefined) return undefined;
  const { record } = pending;
  // After a failure, "as before" is what is active.
  if (source.is === "asBefore" && record.failure !== undefined) return undefined;
  if (!isOf(source, record) || record.inputs !== inputs) return undefined;
  const { failure, version, name } = record;
  if (failure === undefined && hold !== (record.hold === true)) return undefined;
  if (failure === undefined) return { state: { state: "building", version, name }, stored: pending };
  if (
    retry || Date.parse(failure.at) <= since || failure.reason === "InputsLost" ||
    failure.reason === "Superseded"
  ) {
    return undefined;
  }
  return { state: { state: "failed", version, failure } };
}

/** The failure of the same content, where that was a moment ago: whoever applies in a loop builds nothing in vain. */
async function lately(
  session: TemplateSession,
  { failed }: Place,
  retry: boolean,
): Promise<FilesState | undefined> {
  const { world, signal } = session;
  const at = failed?.job.completed_at;
  if (failed === undefined || retry || at === undefined || at === null) return undefined;
  if (Date.parse(at) <= world.now() - world.retryMs) return undefined;
  const { builds } = await session.client();
  const reason = failed.job.status === "canceled" ? "BuildCanceled" : "BuildFailed";
  // What was cancelled is what somebody did not want at that time.
  if (reason === "BuildCanceled") return undefined;
  return {
    state: "failed",
    version: failed.id,
    failure: await failureOf(reason, failed, builds, at, signal),
  };
}

function recordOf(
  { world, request }: TemplateSession,
  template: TemplateRef,
  change: FilesChange,
  found: {
    readonly identity: Identity;
    readonly place: Place;
    readonly file: string;
    readonly pending: StoredChange | undefined;
  },
): ChangeRecord {
  const { identity, place, file, pending } = found;
  const before = pending?.record;
  const bases = [
    template.active_version_id,
    ...before?.bases ?? [],
    ...(before?.version === undefined ? [] : [before.version]),
  ];
  return {
    organization: template.organization_id,
    template: template.id,
    id: world.newId(),
    by: request.by,
    at: new Date(world.now()).toISOString(),
    ...identity,
    file,
    name: place.name,
    message: messageOf(change.message, identity),
    tags: { ...change.tags },
    hasVariables: (change.variables ?? []).length > 0,
    ...(change.hold === true ? { hold: true } : {}),
    ...(place.version === undefined ? {} : { version: place.version.id }),
    bases: [...new Set(bases)],
  };
}

/** Mistakes in files are the caller's. */
function refusing<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof FilesError) {
      throw new ActionError(
        "invalid",
        error.message,
        error.problems.map(({ path, problem }) => ({
          field: path === "" ? "files" : `files[${path}]`,
          message: problem,
        })),
      );
    }
    if (error instanceof ArchiveError) throw new ActionError("invalid", error.message);
    throw error;
  }
}
