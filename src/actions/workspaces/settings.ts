/** What can be changed at any time, whatever is being built: each by one call that may be repeated without harm. */
import type { Workspace } from "../../inventory/mod.ts";
import type { Cause } from "../error.ts";
import { problemsOfName, problemsOfSchedule, problemsOfTtl } from "./checks.ts";
import { type ActionClient, failureOf, type Session } from "./world.ts";

/** What is left out stays as it is. */
export interface SettingsChange {
  /** Milliseconds, of the next start on; `null`: Coder does not stop it by itself. */
  readonly ttlMs?: number | null | undefined;
  /** As cron; `null`: Coder does not start it by itself. */
  readonly autostart?: string | null | undefined;
  readonly automaticUpdates?: "always" | "never" | undefined;
  readonly dormant?: boolean | undefined;
  /** When Coder shall stop it, this time. */
  readonly deadline?: Date | undefined;
  /** Where the deployment allows it. */
  readonly name?: string | undefined;
}

/** One call that is left to do. */
export interface Setting {
  /** Such as `set ttl`. */
  readonly call: string;
  readonly to: unknown;
  run(client: ActionClient, signal: AbortSignal): Promise<unknown>;
  /** Whether it is so. */
  holds(workspace: Workspace): boolean;
  /** What it is about, to tell whether it was changed. */
  of(workspace: Workspace): unknown;
}

const MINUTE_MS = 60_000;

/** What is wrong with a change. */
export function problemsOfSettings(
  { ttlMs, autostart, name, deadline }: SettingsChange,
  now: number,
): Cause[] {
  return [
    ...(ttlMs === undefined || ttlMs === null ? [] : problemsOfTtl(ttlMs)),
    ...(autostart === undefined || autostart === null ? [] : problemsOfSchedule(autostart)),
    ...(name === undefined ? [] : problemsOfName(name)),
    ...(deadline === undefined || deadline.getTime() >= now + 30 * MINUTE_MS
      ? []
      : [{ field: "deadline", message: "must be at least 30 minutes ahead" }]),
  ];
}

/** The calls that make a workspace so. Those that would change nothing are left out. */
export function settingsFor({ id, ...now }: Workspace, change: SettingsChange): Setting[] {
  const { ttlMs, autostart, automaticUpdates, dormant, deadline, name } = change;
  const settings: Setting[] = [];
  if (name !== undefined) {
    settings.push({
      call: "rename",
      to: name,
      run: ({ workspaceChanges }, signal) => workspaceChanges.rename(id, name, { signal }),
      holds: (workspace) => workspace.name === name,
      of: (workspace) => workspace.name,
    });
  }
  if (ttlMs !== undefined) {
    // Coder cuts it to whole minutes.
    const kept = ttlMs === null ? null : ttlMs - ttlMs % MINUTE_MS;
    settings.push({
      call: "set ttl",
      to: ttlMs,
      run: ({ workspaceChanges }, signal) => workspaceChanges.setTtl(id, ttlMs, { signal }),
      holds: ({ ttl_ms }) => (ttl_ms || null) === kept || (ttl_ms || null) === ttlMs,
      of: ({ ttl_ms }) => ttl_ms || null,
    });
  }
  if (autostart !== undefined) {
    settings.push({
      call: "set autostart",
      to: autostart,
      run: ({ workspaceChanges }, signal) => workspaceChanges.setAutostart(id, autostart, { signal }),
      holds: ({ autostart_schedule }) => (autostart_schedule || null) === autostart,
      of: ({ autostart_schedule }) => autostart_schedule || null,
    });
  }
  if (automaticUpdates !== undefined) {
    settings.push({
      call: "set automatic updates",
      to: automaticUpdates,
      run: ({ workspaceChanges }, signal) =>
        workspaceChanges.setAutomaticUpdates(id, automaticUpdates, { signal }),
      holds: ({ automatic_updates }) => (automatic_updates || "never") === automaticUpdates,
      of: ({ automatic_updates }) => automatic_updates || "never",
    });
  }
  if (dormant !== undefined) {
    settings.push({
      call: "set dormancy",
      to: dormant,
      run: ({ workspaceChanges }, signal) => workspaceChanges.setDormant(id, dormant, { signal }),
      holds: ({ dormant_at }) => (typeof dormant_at === "string") === dormant,
      of: ({ dormant_at }) => dormant_at ?? null,
    });
  }
  if (deadline !== undefined) {
    settings.push({
      call: "extend",
      to: deadline.toISOString(),
      run: ({ workspaceChanges }, signal) => workspaceChanges.extend(id, deadline, { signal }),
      holds: ({ latest_build }) =>
        Math.abs(Date.parse(latest_build.deadline ?? "") - deadline.getTime()) < 1_000,
      of: ({ latest_build }) => latest_build.deadline ?? null,
    });
  }
  return settings.filter(({ holds }) => !holds({ id, ...now }));
}

/**
 * Makes the calls, one after the other; the workspace as it is then. Where an answer was lost, Coder is asked whether it
 * is so before it is told again, once; where it is a third thing by then, somebody else has changed it since, and nobody
 * knows whether it was so in between. Throws what Coder answers; what was done before stays done.
 */
export async function applySettings(
  session: Session,
  workspace: Workspace,
  settings: readonly Setting[],
): Promise<Workspace | undefined> {
  if (settings.length === 0) return workspace;
  for (const { call, run, holds, of } of settings) {
    const apply = () => session.write(call, (client) => run(client, session.signal));
    try {
      await apply();
    } catch (error) {
      if (failureOf(error) !== "unknown") {
        // Whatever was done before shall be seen.
        await session.look(workspace.id).catch(() => undefined);
        throw error;
      }
      const now = await session.look(workspace.id);
      if (now === undefined) return undefined;
      if (holds(now)) continue;
      if (of(now) !== of(workspace)) throw error;
      await apply();
    }
  }
  return await session.look(workspace.id);
}
