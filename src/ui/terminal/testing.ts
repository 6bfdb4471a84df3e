/** For tests: what a watcher was told. */
import { NOTHING, type Shown, shownAfter } from "../state.ts";
import { type Rows, type Section, SECTIONS, type WatchEvent } from "../types.ts";

export const NOW = Date.parse("2026-11-22T04:00:00Z");
const at = (secondsAgo: number) => new Date(NOW - secondsAgo * 1_000).toISOString();

type Some = { readonly [S in Section]?: readonly Rows[S][] };

/** A row or more of each section. */
export const SAMPLE: Some = {
  controlplanes: [{
    id: "lab/coder",
    namespace: "lab",
    name: "coder",
    phase: "Pending",
    version: "2.30.0",
    replicas: "0/1",
    url: "https://coder.example.com",
    conditions: [{
      type: "Ready",
      status: "False",
      reason: "DatabaseAway",
      message: "PostgreSQL does not answer",
      since: at(300),
    }],
  }],
  workspaces: [
    workspace("acme.ann.dev", "running"),
    workspace("acme.bob.web", "stopped"),
    { ...workspace("acme.cid.gpu", "failed"), owner: "cid\x1b[2J" },
  ],
  builds: [{
    id: "lab/acme.cid.gpu#4",
    namespace: "lab",
    workspace: "acme.cid.gpu",
    number: 4,
    transition: "start",
    state: "failed",
    startedAt: at(400),
    endedAt: at(30),
    message: "no quota",
  }],
  provisioners: [{
    id: "lab/builders",
    namespace: "lab",
    name: "builders",
    phase: "Ready",
    ready: "2/2",
    conditions: [{ type: "Ready", status: "True", reason: "Ready", message: "", since: at(99) }],
  }],
  jobs: [{
    id: "5c5f6f9c-1111-4222-8333-444455556666",
    namespace: "lab",
    type: "workspace_build",
    state: "pending",
    queue: "3",
    createdAt: at(15),
    worker: "",
    message: "no provisioner takes it",
  }],
  workers: [{
    id: "w1",
    state: "connected",
    isolation: "full",
    sessions: 3,
    capacity: 8,
    processes: 12,
    memoryBytes: 5 * 2 ** 20,
    version: "1.2.3",
    heardAt: at(1),
  }],
  sessions: [{
    id: "sess-0123456789abcdef",
    name: "box",
    owner: "ann",
    state: "ready",
    worker: "w1",
    workspace: "",
    createdAt: at(1_000),
    lastUsedAt: at(60),
    expiresAt: at(-600),
  }],
  calls: [{
    id: "7",
    at: at(2),
    caller: "ann",
    tool: "get_workspace",
    session: "",
    ms: 12,
    success: false,
    changed: false,
    message: "not found",
  }],
};

export function workspace(name: string, state: string): Rows["workspaces"] {
  return {
    id: `lab/${name}`,
    namespace: "lab",
    name,
    owner: name.split(".")[1] ?? "",
    template: "docker",
    state,
    healthy: true,
    outdated: false,
    lastUsedAt: at(3_600),
  };
}

/** All of it told. */
export function toldAll(some: Some = SAMPLE, sections: readonly Section[] = SECTIONS): Shown {
  const events: WatchEvent[] = [
    { kind: "hello", user: "ann", version: "1.2.3", sections, diagnosis: true, replica: "one" },
    ...sections.map((section) =>
      ({
        kind: "rows",
        section,
        rows: some[section] ?? [],
        removed: [],
        reset: true,
        complete: true,
      }) as unknown as WatchEvent
    ),
  ];
  return events.reduce(shownAfter, NOTHING);
}
