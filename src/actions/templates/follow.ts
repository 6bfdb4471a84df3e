/** Going on with a change, by whichever replica: from what is stored and what Coder says, to its end. */
import {
  CoderError,
  isNotFound,
  isTransient,
  isUnauthorized,
  mayHaveHappened,
  type TemplateVersion,
} from "../../coder/mod.ts";
import { sleep } from "../../telemetry/clock.ts";
import { ActionError } from "../error.ts";
import { decide, isOver } from "./decide.ts";
import { failureOf } from "./failure.ts";
import { nextInterval } from "./poll.ts";
import type { StoredChange } from "./store.ts";
import type { ChangeFailure, ChangeRecord, VersionInputs } from "./types.ts";
import { TemplateSession, type TemplateWorld } from "./world.ts";
import { makeVersion } from "./versions.ts";

/** Where a change is after one step. */
export type Progress =
  | { readonly is: "waiting"; readonly stored: StoredChange }
  | { readonly is: "promoted"; readonly version: string }
  /** Built, and held. */
  | { readonly is: "built"; readonly version: string }
  | { readonly is: "failed"; readonly failure: ChangeFailure }
  /** Somebody has asked for something else meanwhile, or the template is gone. */
  | { readonly is: "replaced" };

/** Of one step; others take turns at the record no more often. */
const MOST_ROUNDS = 10;

/**
 * Takes a change as far as can be gone now. Throws where Coder, or the store, cannot be asked: the change stays as it is.
 *
 * @param variables where they are still known
 */
export async function advance(
  session: TemplateSession,
  { record: { id, template } }: StoredChange,
  variables?: VersionInputs["variables"],
): Promise<Progress> {
  const { store } = session.world;
  for (let round = 0;; round++) {
    // What was asked for meanwhile counts; so does what another replica has found out.
    const stored = await store.read(template, session.signal);
    if (stored === undefined || stored.record.id !== id) return { is: "replaced" };
    if (stored.record.failure !== undefined) return { is: "failed", failure: stored.record.failure };
    const progress = await step(session, stored, variables);
    if (progress !== undefined) return progress;
    if (round >= MOST_ROUNDS) return { is: "waiting", stored };
  }
}

/** One step; undefined where the next one may follow at once. */
async function step(
  session: TemplateSession,
  stored: StoredChange,
  variables: VersionInputs["variables"],
): Promise<Progress | undefined> {
  const { world, signal } = session;
  const { record } = stored;
  const version = await versionOf(session, record);
  // As long as it is imported, it does not matter what is active.
  const isImported = version !== undefined && !isOver(version);
  const active = isImported ? version.id : await activeOf(session, record.template);
  if (active === undefined) {
    await world.store.remove(record.template, stored.version, signal);
    world.copy.observeGone("templates", record.template);
    return { is: "replaced" };
  }
  const hasVariables = variables !== undefined;
  const next = decide({ record, version, active, hasVariables, now: world.now(), wait: world.wait });
  switch (next.do) {
    case "leave":
      return { is: "waiting", stored };
    case "createVersion":
    case "wait": {
      const made = version ?? await makeVersion(session, record, variables);
      if (record.version === made.id) return { is: "waiting", stored };
      const saved = await world.store.write({ ...record, version: made.id }, stored.version, signal);
      return saved === undefined || isOver(made) ? undefined : { is: "waiting", stored: saved };
    }
    case "promote": {
      // Whoever wants something else waits for it, or was sooner.
      const promotingAt = new Date(world.now()).toISOString();
      const claim = { ...record, version: next.version, promotingAt };
      const claimed = await world.store.write(claim, stored.version, signal);
      if (claimed === undefined) return undefined;
      await promoted(session, record.template, next.version);
      await world.store.remove(record.template, claimed.version, signal);
      return { is: "promoted", version: next.version };
    }
    case "keep":
      await world.store.remove(record.template, stored.version, signal);
      return { is: "built", version: next.version };
    case "done":
      await world.store.remove(record.template, stored.version, signal);
      return { is: "promoted", version: active };
    case "fail": {
      if (next.cancel && version !== undefined) await cancelled(session, version.id);
      const { builds } = await session.client();
      const failure = await failureOf(
        next.reason,
        version,
        builds,
        new Date(world.now()).toISOString(),
        signal,
      );
      const saved = await world.store.write({ ...record, failure }, stored.version, signal);
      return saved === undefined ? undefined : { is: "failed", failure };
    }
  }
}

async function activeOf(session: TemplateSession, template: string): Promise<string | undefined> {
  try {
    return (await session.look(template)).active_version_id;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Follows a change to its end, whatever happens to Coder meanwhile. Ends early with the session's signal alone. */
export async function follow(
  world: TemplateWorld,
  stored: StoredChange,
  signal: AbortSignal,
  variables?: VersionInputs["variables"],
): Promise<Progress | undefined> {
  const begin = world.clock.now();
  let intervalMs: number | undefined;
  while (!signal.aborted) {
    const session = new TemplateSession(world, { by: stored.record.by, signal });
    try {
      const progress = await advance(session, stored, variables);
      if (progress.is !== "waiting") {
        tell(session, stored.record, progress);
        return progress;
      }
    } catch (error) {
      if (signal.aborted) return undefined;
      if (isFinal(error)) return await refused(session, stored, error);
      world.log.warn("a change of a template waits", { template: stored.record.template, error });
    }
    intervalMs = nextInterval(world.wait, world.clock.now() - begin, intervalMs);
    await sleep(intervalMs, signal, world.clock);
  }
  return undefined;
}

/** Makes a version the active one. A lost answer is looked after. */
export async function promoted(session: TemplateSession, template: string, version: string): Promise<void> {
  const { signal } = session;
  try {
    await session.write(
      "promote version",
      ({ templateChanges }) => templateChanges.promote(template, version, { signal }),
    );
  } catch (error) {
    if (!mayHaveHappened(error)) throw error;
    if ((await session.look(template)).active_version_id !== version) throw error;
    return;
  }
  await session.look(template);
}

/** Ends an import that nobody waits for any more. Where it cannot be ended, it ends by itself. */
export async function cancelled(session: TemplateSession, version: string): Promise<void> {
  try {
    await session.write(
      "cancel version",
      ({ templateChanges }) => templateChanges.cancelVersion(version, { signal: session.signal }),
    );
  } catch (error) {
    if (!(error instanceof CoderError || error instanceof ActionError)) throw error;
  }
}

async function versionOf(
  session: TemplateSession,
  record: ChangeRecord,
): Promise<TemplateVersion | undefined> {
  const { templates } = await session.client();
  const { signal } = session;
  if (record.version !== undefined) {
    try {
      return await templates.version(record.version, { signal });
    } catch (error) {
      // Versions go with their template.
      if (!isNotFound(error)) throw error;
    }
  }
  return await templates.versionNamed(record.template, record.name, { signal });
}

/** Asking again would not help. */
function isFinal(error: unknown): boolean {
  return error instanceof CoderError && !isTransient(error) && !isUnauthorized(error) &&
    !mayHaveHappened(error);
}

async function refused(session: TemplateSession, stored: StoredChange, error: unknown): Promise<Progress> {
  const { world, signal } = session;
  const message = error instanceof Error ? error.message : String(error);
  const failure: ChangeFailure = {
    reason: "Refused",
    message,
    log: [],
    at: new Date(world.now()).toISOString(),
  };
  const now = await world.store.read(stored.record.template, signal);
  if (now === undefined || now.record.id !== stored.record.id) return { is: "replaced" };
  await world.store.write({ ...now.record, failure }, now.version, signal);
  const progress: Progress = { is: "failed", failure };
  tell(session, stored.record, progress);
  return progress;
}

function tell(session: TemplateSession, record: ChangeRecord, progress: Progress): void {
  if (progress.is === "waiting" || progress.is === "replaced") return;
  const template = { id: record.template, organization: record.organization, name: "" };
  const changes = { version: record.name, content: record.content };
  if (progress.is === "promoted") {
    session.tell("promote version", template, changes, "done", `${record.name} is active`);
  } else if (progress.is === "built") {
    session.tell("build version", template, changes, "done", `${record.name} is built, and held`);
  } else session.tell("promote version", template, changes, "refused", progress.failure.message);
}
