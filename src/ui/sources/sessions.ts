/** Sandbox sessions, one's own or everybody's, and for administrators the workers that have them. */
import type { Sessions, WorkerView } from "../../sessions/coordinator/types.ts";
import type { SessionRecord } from "../../sessions/types.ts";
import { toolError } from "../../mcp/errors.ts";
import { ownerOf } from "../../mcp/tools/sessions/shared.ts";
import { within } from "../../caller/within.ts";
import { type Clock, sleep } from "../../telemetry/clock.ts";
import type { SessionRow, WorkerRow } from "../types.ts";
import { reviewed, type SeesAll } from "./review.ts";
import type { Source, SourceWorld } from "./source.ts";
import { countOf, textOf, timeOf } from "./words.ts";

/** Between two looks, in milliseconds. */
const LOOK_MS = 1_000;
/** What one look may take, in milliseconds. */
const DEADLINE_MS = 10_000;

type Everybody = Awaited<ReturnType<Sessions["everybody"]>>;

/** Looks at everybody's once for all administrators who watch. */
export function sharedLook(
  sessions: Pick<Sessions, "everybody">,
  clock: Clock,
  shareMs = LOOK_MS / 2,
): (signal: AbortSignal) => Promise<Everybody> {
  let last: { readonly at: number; readonly look: Promise<Everybody> } | undefined;
  return (signal) => {
    const now = clock.now();
    if (last === undefined || now - last.at >= shareMs) {
      // Nobody's signal ends what others wait for, too.
      const look = within(new AbortController().signal, DEADLINE_MS, (own) => sessions.everybody(own));
      look.catch(() => last = undefined);
      last = { at: now, look };
    }
    const { look } = last;
    return within(signal, DEADLINE_MS, () => look);
  };
}

/** Everybody's sessions, and the workers. */
export function everybodysSessions(look: (signal: AbortSignal) => Promise<Everybody>): Source {
  return {
    sections: ["workers", "sessions"],
    run: (world) =>
      every(world, "list sessions and workers", async ({ board, signal }) => {
        const { sessions, workers } = await look(signal);
        board.replace("workers", workers.map(workerRow));
        board.replace("sessions", sessions.map(sessionRow));
      }, ["workers", "sessions"]),
  };
}

/** One's own sessions. */
export function ownSessions(sessions: Pick<Sessions, "list">): Source {
  return {
    sections: ["sessions"],
    run: (world) => every(world, "list your sessions", () => showOwn(sessions, world), ["sessions"]),
  };
}

/** One's own, or everybody's for those who may see them, which is asked anew each minute. */
export function sessionsAsSeen(
  sessions: Pick<Sessions, "list">,
  look: (signal: AbortSignal) => Promise<Everybody>,
  seesAll: SeesAll,
): Source {
  return {
    sections: ["sessions"],
    run(world) {
      const mayAll = reviewed(seesAll, world);
      return every(world, "list sessions", async ({ board, signal }) => {
        if (!await mayAll()) return await showOwn(sessions, world);
        board.replace("sessions", (await look(signal)).sessions.map(sessionRow));
      }, ["sessions"]);
    },
  };
}

async function showOwn(
  sessions: Pick<Sessions, "list">,
  { board, signal, visitor }: SourceWorld,
): Promise<void> {
  const owner = ownerOf(visitor());
  const list = await within(signal, DEADLINE_MS, (signal) => sessions.list(owner, { ended: true }, signal));
  board.replace("sessions", list.map(sessionRow));
}

async function every(
  world: SourceWorld,
  what: string,
  look: (world: SourceWorld) => Promise<void>,
  sections: readonly ("workers" | "sessions")[],
): Promise<void> {
  const { board, signal, clock } = world;
  while (!signal.aborted) {
    let problem = "";
    try {
      await look(world);
    } catch (error) {
      if (signal.aborted) return;
      problem = toolError(error, what).message;
    }
    for (const section of sections) board.tell(section, problem);
    await sleep(LOOK_MS, signal, clock);
  }
}

export function sessionRow(record: SessionRecord): SessionRow {
  return {
    id: record.id,
    name: textOf(record.name, 256),
    owner: textOf(record.ownerName, 256),
    state: record.state,
    worker: textOf(record.workerId, 256),
    workspace: textOf(record.workspace?.workspace, 256),
    createdAt: timeOf(record.createdAt),
    lastUsedAt: timeOf(record.lastUsedAt),
    expiresAt: timeOf(record.expiresAt),
  };
}

export function workerRow(
  { id, hello, load, isConnected, isDraining, lastHeardAt, sessions }: WorkerView,
): WorkerRow {
  return {
    id: textOf(id, 256),
    state: !isConnected ? "away" : isDraining ? "draining" : "connected",
    isolation: textOf(hello.isolation, 64),
    sessions: countOf(sessions),
    capacity: countOf(hello.capacity),
    processes: countOf(load.processes),
    memoryBytes: countOf(load.memoryBytes),
    version: textOf(hello.version, 128),
    heardAt: timeOf(lastHeardAt),
  };
}
