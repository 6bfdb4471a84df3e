/** One step for one template: what is done in the world, and what becomes of the record. */
import { ActionError } from "../../actions/mod.ts";
import type { TemplateRef } from "../../actions/templates/mod.ts";
import { CoderApiError, isNotFound } from "../../coder/mod.ts";
import { SourceError, type SourceReason } from "../errors.ts";
import { CANARY, canaryLook, createCanary } from "./canary.ts";
import * as changes from "./changes.ts";
import type { Step } from "./decide.ts";
import { secretOf, variablesOf } from "./inputs.ts";
import type { FollowedTemplate, FollowerOptions } from "./ports.ts";
import type { SourceState } from "./state.ts";

/** What becomes of the record: it is asked again with what is stored by then. Undefined: nothing, look again later. */
export type Outcome = ((state: SourceState) => SourceState) | undefined;

/** Somebody has chosen another version. */
class OvertakenError extends Error {
  override readonly name = "OvertakenError";
}

/** Of these, the revision itself is the cause: it is not tried again. */
const FINAL: ReadonlySet<SourceReason> = new Set(["NotFound", "TooLarge", "InvalidContent"]);

export interface Work {
  readonly options: FollowerOptions;
  readonly template: FollowedTemplate;
  /** Hash of what is asked for. */
  readonly of: string;
  now(): number;
  readonly signal: AbortSignal;
}

/** Does one step that somebody must have claimed. */
export async function doStep(
  work: Work,
  step: Exclude<Step["do"], "wait" | "removeCanary">,
): Promise<Outcome> {
  switch (step) {
    case "look":
      throw new TypeError("a look says whether it is asked for");
    case "build":
      return await build(work);
    case "watchBuild":
      return await watchBuild(work);
    case "startCanary":
      return await startCanary(work);
    case "watchCanary":
      return await watchCanary(work);
    case "promote":
      return await promote(work);
    case "rollBack":
      return await rollBack(work);
    case "acceptVersion":
      return (state) => changes.watchEnded(state, true);
    case "abandon":
      return (state) => changes.abandoned(state, work.now());
    case "checkDrift": {
      const { active_version_id } = await looked(work);
      return (state) => {
        const seen = changes.driftSeen(state, active_version_id);
        const isMoved = state.watch !== undefined && active_version_id !== state.watch.version;
        return isMoved ? changes.watchEnded(seen, false) : seen;
      };
    }
  }
}

/** Asks the source, and Coder for what is active. */
export async function look(work: Work, isAsked: boolean): Promise<Outcome> {
  const { options, template: { source, request }, of, signal } = work;
  const handled = { of, request };
  try {
    const secret = await secretOf(source, options.secret, signal);
    const revision = await options.reader.look({ source, secret, signal });
    const { active_version_id: active } = await looked(work);
    return (state) => changes.looked(state, { ...handled, revision, isAsked, active, now: work.now() });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return (state) => changes.notRead(state, error, { ...handled, now: work.now() });
  }
}

async function build(work: Work): Promise<Outcome> {
  const { options, template, of, signal } = work;
  const attempt = template.state.attempt!;
  try {
    const secret = await secretOf(template.source, options.secret, signal);
    const variables = await variablesOf(template, options.secret, signal);
    const source = pinned(template.source, attempt.revision);
    const { revision, entries, subject } = await options.reader.fetch({ source, secret, signal });
    const bad = template.state.badRevisions ?? [];
    if (revision !== attempt.revision && bad.includes(revision)) {
      return (state) => changes.abandoned(state, work.now());
    }
    const { files } = await options.templates.update(await refOf(work), {
      entries,
      hold: true,
      retry: attempt.isAsked === true,
      message: `${revision}${subject === "" ? "" : ` ${subject}`}`,
      variables,
      tags: template.tags,
    }, { by: whoOf(template), signal });
    const took = (state: SourceState) =>
      state.attempt === undefined ? state : { ...state, attempt: { ...state.attempt, revision } };
    switch (files?.state) {
      case "unchanged": {
        const { active_version_id } = await looked(work);
        return (state) => changes.promoted(took(state), active_version_id, {}, work.now());
      }
      case "building": {
        const { name, version } = files;
        return (state) => changes.buildBegun(state, { revision, name, version });
      }
      case "failed": {
        const { reason, message } = files.failure;
        return (state) => changes.failed(took(state), { reason, message }, work.now());
      }
      default:
        throw new Error(`a version of the source came out as ${files?.state}`);
    }
  } catch (error) {
    if (error instanceof SourceError && !FINAL.has(error.reason)) {
      return (state) => changes.notRead(state, error, { of, request: undefined, now: work.now() });
    }
    const problem = finalProblem(error);
    if (problem === undefined) throw error;
    return (state) => changes.failed(state, problem, work.now());
  }
}

async function watchBuild(work: Work): Promise<Outcome> {
  const { options, template, signal } = work;
  const { name = "", version: known, base } = template.state.attempt!;
  const { templates } = await options.open(signal);
  const version = known === undefined
    ? await templates.versionNamed(template.id, name, { signal })
    : await orMissing(templates.version(known, { signal }));
  const condition = await options.templates.condition(template.id, signal);
  const status = version?.job.status;
  if (version !== undefined && status === "succeeded") {
    return (state) => changes.built(state, version.id, template.source);
  }
  if (condition?.status === "False") {
    // The condition of the files has the log.
    const { reason, summary: message } = condition;
    if (reason === "InputsLost") return changes.buildLost;
    if (reason === "Superseded") return (state) => changes.overtaken(state, work.now());
    return (state) => changes.failed(state, { reason, message }, work.now());
  }
  // An import that goes on ends by itself, whoever began it.
  if (condition !== undefined || status === "pending" || status === "running") return undefined;
  if (status === "failed") {
    const message = `The import of version ${name} failed: ${version!.job.error}`;
    return (state) => changes.failed(state, { reason: "BuildFailed", message }, work.now());
  }
  // Nobody builds it any more: somebody has chosen another version, or another content, or it never came so far.
  const { active_version_id } = await looked(work);
  if (active_version_id !== base || status === "canceled" || status === "canceling") {
    return (state) => changes.overtaken(state, work.now());
  }
  return changes.buildLost;
}

async function startCanary(work: Work): Promise<Outcome> {
  const { options, template, signal } = work;
  const attempt = template.state.attempt!;
  const context = { by: whoOf(template), signal };
  try {
    await createCanary(options.workspaces, await owner(work), attempt, template.source.canary ?? {}, context);
    return (state) => state;
  } catch (error) {
    const problem = finalProblem(error);
    if (problem === undefined) throw error;
    const message = `The workspace that should try the version cannot be made: ${problem.message}`;
    return (state) => changes.failed(state, { reason: "CanaryFailed", message }, work.now());
  }
}

async function watchCanary(work: Work): Promise<Outcome> {
  const { template, options: { open }, signal } = work;
  const canary = template.state.attempt!.canary!;
  const { workspaces } = await open(signal);
  const { id } = await owner(work);
  const workspace = await workspaces.find(id, canary.name, { signal });
  const seen = canaryLook(workspace, template.source.canary ?? {}, canary.at, work.now());
  if (seen.is === "missing") return await startCanary(work);
  if (seen.is === "waiting") return undefined;
  if (seen.is === "ready") return (state) => changes.canaryPassed(state, work.now());
  return (state) => changes.failed(state, seen, work.now());
}

async function promote(work: Work): Promise<Outcome> {
  const { template, now } = work;
  const { base, version = "" } = template.state.attempt!;
  try {
    await moveTo(work, version, [base, version]);
  } catch (error) {
    if (error instanceof OvertakenError) return (state) => changes.overtaken(state, now());
    const problem = finalProblem(error);
    if (problem === undefined) throw error;
    return (state) => changes.failed(state, problem, now());
  }
  return (state) => changes.promoted(state, version, template.source, now());
}

async function rollBack(work: Work): Promise<Outcome> {
  const { template, now } = work;
  const watch = template.state.watch!;
  try {
    await moveTo(work, watch.before.version, [watch.version, watch.before.version]);
  } catch (error) {
    const isOver = error instanceof OvertakenError || finalProblem(error) !== undefined;
    if (!isOver) throw error;
    return (state) => changes.watchEnded(state, false);
  }
  const message =
    `Workspaces could not be started with what was made of ${watch.revision}: the version before is ` +
    "active again. It is not tried again until the source changes, or the annotation coder.com/reconcile-at asks";
  return (state) => changes.rolledBack(state, { reason: "RolledBack", message }, now());
}

/** Deletes a workspace that has tried a version; whether it is gone. */
export async function removeCanary(work: Work, name: string): Promise<Outcome> {
  const { options: { open, workspaces: actions }, template, signal } = work;
  const { workspaces } = await open(signal);
  const { id } = await owner(work);
  const workspace = await workspaces.find(id, name, { signal });
  const isGone = workspace === undefined || !name.startsWith(CANARY);
  if (!isGone) await actions.remove(workspace.id, {}, { by: whoOf(template), signal });
  return (state) => changes.removalSeen(state, name, isGone, work.now());
}

async function moveTo(work: Work, version: string, from: readonly string[]): Promise<void> {
  const { options: { templates }, template, signal } = work;
  const precondition = ({ active_version_id }: { readonly active_version_id: string }) => {
    if (!from.includes(active_version_id)) throw new OvertakenError();
  };
  await templates.update(
    await refOf(work),
    { versionId: version },
    { by: whoOf(template), signal, precondition },
  );
}

async function refOf({ options: { open, copy }, template, signal }: Work): Promise<TemplateRef> {
  const { templateChanges } = await open(signal);
  const askedAt = copy.moment();
  const now = await templateChanges.get(template.id, { signal });
  copy.observeTemplate(now, askedAt);
  return now;
}

async function looked(work: Work): Promise<{ readonly active_version_id: string }> {
  return await refOf(work);
}

/** The operator's own user. */
async function owner({ options: { open }, signal }: Work): Promise<{ id: string; name: string }> {
  const { users } = await open(signal);
  const { id, username } = await users.me({ signal });
  return { id, name: username };
}

async function orMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Trying again would not help: what the caller of an action has to change, here the source. */
function finalProblem(error: unknown): changes.Problem | undefined {
  if (error instanceof SourceError) return error;
  if (error instanceof ActionError && error.reason === "invalid") {
    return { reason: "InvalidContent", message: error.message };
  }
  if (error instanceof CoderApiError && error.status >= 400 && error.status < 500) {
    const isLater = [401, 403, 404, 408, 409, 425, 429].includes(error.status);
    return isLater ? undefined : { reason: "Refused", message: error.message };
  }
  return undefined;
}

/** What was looked at is what is fetched, where that can be named. */
function pinned(source: FollowedTemplate["source"], revision: string): FollowedTemplate["source"] {
  return source.oci === undefined ? source : { ...source, oci: { ...source.oci, digest: revision } };
}

/** For the audit. */
function whoOf({ source: { git, oci } }: FollowedTemplate): string {
  return `source ${(git ?? oci)?.url ?? ""}`;
}
