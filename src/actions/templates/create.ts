/** Making templates, of files or of a version that is there. */
import { contentHash, newFile } from "../../archive/mod.ts";
import {
  type CoderClient,
  isConflict,
  isNotFound,
  type Template,
  type TemplateVersion,
} from "../../coder/mod.ts";
import { sleep } from "../../telemetry/clock.ts";
import { ActionError, type Cause, invalid } from "../error.ts";
import { isOver } from "./decide.ts";
import { failureOf } from "./failure.ts";
import { archiveOf, checkedContent, type Content, type FilesChange, textOf } from "./files.ts";
import { cancelled } from "./follow.ts";
import { inputsHash, messageOf, versionName } from "./identity.ts";
import { nextInterval } from "./poll.ts";
import { problemsOfSettings } from "./settings.ts";
import type { StoredChange } from "./store.ts";
import type { ChangeRecord, FilesState, FirstSettings, TemplateSettingsChange } from "./types.ts";
import type { TemplateSession } from "./world.ts";

export interface NewTemplateRequest extends Omit<FilesChange, "retry"> {
  /** Name or id. */
  readonly organization: string;
  readonly name: string;
  readonly settings?: FirstSettings | undefined;
  /** A version that belongs to no template yet. */
  readonly versionId?: string | undefined;
}

export interface CreateResult {
  /** Undefined after a dry run. */
  readonly template?: Template | undefined;
  readonly files: FilesState;
}

/** Checks all, then makes it. A first version whose import takes longer is followed, and the template is there already. */
export async function create(
  session: TemplateSession,
  wanted: NewTemplateRequest,
  follow: (stored: StoredChange) => void,
): Promise<CreateResult> {
  const { organization, name, settings = {}, versionId } = wanted;
  const source = checkedContent(wanted);
  const wrong = invalid("the template cannot be made", [
    ...problemsOfName(name),
    ...problemsOfSettings(settings as TemplateSettingsChange),
    ...(source === undefined && versionId === undefined
      ? [{ field: "files", message: "a new template needs files, or a version" }]
      : []),
  ]);
  if (wrong !== undefined) throw wrong;
  const changes = {
    ...(source === undefined ? { versionId } : { content: textOf(source) }),
    settings: Object.keys(settings),
  };
  return await session.audited("create template", { organization, name }, changes, async () => {
    const { templates } = await session.client();
    const existing = await templates.find(organization, name, { signal: session.signal });
    if (existing !== undefined) {
      throw new ActionError("exists", `there is a template ${existing.name} already`);
    }
    const value = source === undefined
      ? await ofVersion(session, wanted, versionId!)
      : await ofFiles(session, wanted, source, follow);
    const result = session.request.dryRun === true
      ? "nothing"
      : value.files.state === "building"
      ? "accepted"
      : "done";
    return { value, result, message: `files ${value.files.state}` };
  });
}

async function ofVersion(
  session: TemplateSession,
  wanted: NewTemplateRequest,
  id: string,
): Promise<CreateResult> {
  const { templates } = await session.client();
  let version: TemplateVersion;
  try {
    version = await templates.version(id, { signal: session.signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw invalid("the template cannot be made", [{
      field: "versionID",
      message: "there is no such version",
    }])!;
  }
  const { template_id: owner, job: { status } } = version;
  const isFree = owner === undefined || owner === null || /^[0-]+$/.test(owner);
  const problem = !isFree
    ? "belongs to another template"
    : version.archived
    ? "is archived"
    : status === "failed" || status === "canceled"
    ? `was never imported (${status})`
    : undefined;
  if (problem !== undefined) {
    throw invalid("the template cannot be made", [{ field: "versionID", message: problem }])!;
  }
  if (session.request.dryRun === true) return { files: { state: "wouldBuild", name: version.name } };
  return { template: await made(session, wanted, id), files: { state: "promoted", version: id } };
}

async function ofFiles(
  session: TemplateSession,
  wanted: NewTemplateRequest,
  source: Content,
  follow: (stored: StoredChange) => void,
): Promise<CreateResult> {
  const { world, signal, request } = session;
  const entries = source.is === "entries"
    ? source.entries
    : [...source.files].map(([path, text]) => newFile(path, text));
  const archive = archiveOf(entries);
  const inputs = inputsHash(wanted, wanted.name);
  const identity = { text: source.text, content: contentHash(entries), inputs };
  const name = wanted.versionName ?? versionName(identity, 1);
  if (request.dryRun === true) return { files: { state: "wouldBuild", name } };
  const message = messageOf(wanted.message, identity);
  const file = await session.write(
    "upload file",
    ({ templateChanges }) => templateChanges.upload(archive, { signal }),
  );
  const version = await session.write(
    "create version",
    ({ templateChanges }) =>
      templateChanges.createVersion(wanted.organization, {
        fileId: file,
        name,
        message,
        tags: wanted.tags,
        variables: wanted.variables,
      }, { signal }),
  );
  const imported = await imports(session, version);
  const { status } = imported.job;
  if (status === "failed" || status === "canceled") {
    const { builds } = await session.client();
    const reason = status === "failed" ? "BuildFailed" : "BuildCanceled";
    const { message, log } = await failureOf(
      reason,
      imported,
      builds,
      new Date(world.now()).toISOString(),
      signal,
    );
    const said = log.length === 0 ? "" : ` Its log ends with:\n${log.join("\n")}`;
    throw new ActionError("invalid", `${message}${said}`, [{ field: "files", message }]);
  }
  let template: Template;
  try {
    template = await made(session, wanted, version.id);
  } catch (error) {
    if (!isOver(imported)) await cancelled(session, version.id);
    throw error;
  }
  if (isOver(imported)) return { template, files: { state: "promoted", version: version.id } };
  const record: ChangeRecord = {
    organization: template.organization_id,
    template: template.id,
    id: world.newId(),
    by: request.by,
    at: new Date(world.now()).toISOString(),
    ...identity,
    file,
    name,
    message,
    tags: { ...wanted.tags },
    hasVariables: (wanted.variables ?? []).length > 0,
    version: version.id,
    bases: [version.id],
  };
  try {
    const stored = await world.store.write(record, undefined, signal);
    if (stored !== undefined) follow(stored);
  } catch (error) {
    // It is there, and its import goes on; nobody tells how that ends.
    world.log.warn("the import of a first version is not followed", { template: template.id, error });
  }
  return { template, files: { state: "building", version: version.id, name } };
}

/** Waits for an import as long as a request may wait. */
async function imports(session: TemplateSession, begun: TemplateVersion): Promise<TemplateVersion> {
  const { world, signal } = session;
  const { templates } = await session.client();
  const begin = world.clock.now();
  let version = begun;
  let interval: number | undefined;
  while (!isOver(version) && world.clock.now() - begin < world.answerMs && !signal.aborted) {
    interval = nextInterval(world.wait, world.clock.now() - begin, interval);
    await sleep(Math.min(interval, world.answerMs), signal, world.clock);
    version = await templates.version(version.id, { signal });
  }
  return version;
}

async function made(
  session: TemplateSession,
  { organization, name, settings = {} }: NewTemplateRequest,
  version: string,
): Promise<Template> {
  const { signal, world } = session;
  let template: Template;
  try {
    template = await session.write(
      "create template",
      ({ templateChanges }) =>
        templateChanges.create(organization, { ...settings, name, template_version_id: version }, { signal }),
    );
  } catch (error) {
    const found = await lost(await session.client(), organization, name, version, error, signal);
    template = found;
  }
  world.copy.observeTemplate(template);
  return template;
}

/** The template, where it was made although the answer says otherwise, or there is none. */
async function lost(
  { templates, templateChanges }: Pick<CoderClient, "templates" | "templateChanges">,
  organization: string,
  name: string,
  version: string,
  error: unknown,
  signal: AbortSignal,
): Promise<Template> {
  const found = isNotFound(error) ? undefined : await templates.find(organization, name, { signal });
  if (found?.active_version_id === version) return await templateChanges.get(found.id, { signal });
  if (found !== undefined && isConflict(error)) {
    throw new ActionError("exists", `there is a template ${found.name} already`);
  }
  throw error;
}

function problemsOfName(name: string): Cause[] {
  if (name.length > 32) return [{ field: "name", message: "is longer than 32 characters" }];
  const isGood = /^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$/.test(name) && name !== "new" && name !== "create";
  const message = "must be letters and digits with single dashes between them, and neither new nor create";
  return isGood ? [] : [{ field: "name", message }];
}
