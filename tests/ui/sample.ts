/** What a platform of some size looks like, as rows: for tests, measurements and pictures. */
import type { Rows, Section, WatchEvent } from "../../src/ui/types.ts";
import type { Watcher } from "./fake_server.ts";

const START = Date.UTC(2026, 10, 22, 12);
const ago = (minutes: number, now: number) => new Date(now - minutes * 60_000).toISOString();

const STATES = ["running", "running", "running", "running", "stopped", "stopped", "stopped", "starting"];

/** The row of one workspace of many. */
export function workspace(index: number, now = START): Rows["workspaces"] {
  const owner = `dev${index % 400}`;
  const state = index % 97 === 5 ? "failed" : STATES[index % STATES.length] ?? "running";
  return {
    id: `w${index}`,
    namespace: "coder",
    name: `main.${owner}.project-${index}`,
    owner,
    template: ["go-service", "python-data", "desktop-linux", "rust"][index % 4] ?? "",
    state,
    healthy: index % 211 !== 7,
    outdated: index % 13 === 0,
    lastUsedAt: state === "running" ? ago(index % 240, now) : ago(1_440 + (index * 37) % 40_000, now),
  };
}

/** A whole platform with so many workspaces. */
export function platform(workspaces: number, now = START): { readonly [S in Section]: readonly Rows[S][] } {
  const condition = (type: string, status: string, reason: string, message: string) => (
    { type, status, reason, message, since: ago(95, now) }
  );
  const well = [
    condition("Ready", "True", "Ready", "Coder runs: 2 of 2 pods are ready"),
    condition("Available", "True", "MinimumReplicasAvailable", "Enough pods are available to serve Coder"),
  ];
  return {
    controlplanes: [
      {
        id: "coder/main",
        namespace: "coder",
        name: "main",
        phase: "Ready",
        version: "v2.31.2",
        replicas: "2/2",
        url: "https://coder.example.com",
        conditions: well,
      },
      {
        id: "lab/edge",
        namespace: "lab",
        name: "edge",
        phase: "Pending",
        version: "v2.31.2",
        replicas: "0/1",
        url: "https://edge.example.com",
        conditions: [
          condition(
            "Ready",
            "False",
            "NoPodReady",
            "No pod is ready: the image ghcr.io/coder/coder:v2.31.9 cannot be pulled",
          ),
          condition("Stalled", "True", "ImagePullFailed", "The image cannot be pulled: manifest unknown"),
        ],
      },
    ],
    workspaces: Array.from({ length: workspaces }, (_, index) => workspace(index, now)),
    builds: [
      {
        id: "b1",
        namespace: "coder",
        workspace: "main.dev7.project-7",
        number: 12,
        transition: "start",
        state: "starting",
        startedAt: ago(0.4, now),
        endedAt: "",
        message: "Planning infrastructure",
      },
      {
        id: "b2",
        namespace: "coder",
        workspace: "main.dev5.project-5",
        number: 3,
        transition: "start",
        state: "failed",
        startedAt: ago(4, now),
        endedAt: ago(3.5, now),
        message: "terraform apply: exit status 1: quota exceeded",
      },
      {
        id: "b3",
        namespace: "coder",
        workspace: "main.dev9.project-9",
        number: 41,
        transition: "stop",
        state: "stopped",
        startedAt: ago(6, now),
        endedAt: ago(5.8, now),
        message: "",
      },
    ],
    provisioners: [
      { id: "coder/pool", namespace: "coder", name: "pool", phase: "Ready", ready: "3/3", conditions: well },
      {
        id: "coder/gpu",
        namespace: "coder",
        name: "gpu",
        phase: "Ready",
        ready: "1/2",
        conditions: [
          ...well,
          condition("ProvisionerKeyReady", "False", "KeyRefused", "Coder does not know the key any more"),
        ],
      },
    ],
    jobs: [
      {
        id: "5d0c2f6e",
        namespace: "coder",
        type: "workspace_build",
        state: "running",
        queue: "",
        createdAt: ago(0.5, now),
        worker: "pool-7d9c-x2x",
        message: "",
      },
      {
        id: "9a41be07",
        namespace: "coder",
        type: "template_version_import",
        state: "pending",
        queue: "1 of 2",
        createdAt: ago(0.2, now),
        worker: "",
        message: "",
      },
    ],
    workers: [
      {
        id: "worker-a",
        state: "connected",
        isolation: "namespaces",
        sessions: 14,
        capacity: 64,
        processes: 51,
        memoryBytes: 5_905_580_032,
        version: "1.2.3",
        heardAt: ago(0.1, now),
      },
      {
        id: "worker-b",
        state: "away",
        isolation: "namespaces",
        sessions: 2,
        capacity: 64,
        processes: 3,
        memoryBytes: 402_653_184,
        version: "1.2.2",
        heardAt: ago(3, now),
      },
      {
        id: "workspaces",
        state: "connected",
        isolation: "workspace",
        sessions: 5,
        capacity: 200,
        processes: 9,
        memoryBytes: 0,
        version: "1.2.3",
        heardAt: ago(0.1, now),
      },
    ],
    sessions: Array.from({ length: 21 }, (_, index) => ({
      id: `s-${index}`,
      name: index % 3 === 0 ? `review ${index}` : "",
      owner: `dev${index % 4}`,
      state: index === 20 ? "failed" : "ready",
      worker: index % 4 === 0 ? "workspaces" : "worker-a",
      workspace: index % 4 === 0 ? `dev${index % 4}/project-${index}` : "",
      createdAt: ago(50 + index, now),
      lastUsedAt: ago(index, now),
      expiresAt: ago(-600 + index, now),
    })),
    calls: Array.from({ length: 40 }, (_, index) => ({
      id: `c${index}`,
      at: ago(index / 3, now),
      caller: `dev${index % 4}`,
      tool: ["run.command", "list_workspaces", "fs.read", "start_workspace"][index % 4] ?? "",
      session: `s-${index % 9}`,
      ms: 12 + (index * 37) % 4_000,
      success: index % 11 !== 3,
      changed: index % 4 === 3,
      message: index % 11 === 3 ? "the workspace is stopped: start it first" : "",
    })),
  };
}

/** All rows, in pieces as a server sends them. */
export function rowsEvents(
  rows: { readonly [S in Section]?: readonly Rows[S][] },
  piece = 500,
): WatchEvent[] {
  return Object.entries(rows).flatMap(([section, all]) => {
    const pieces = [];
    for (let at = 0; at === 0 || at < all.length; at += piece) {
      pieces.push({
        kind: "rows",
        section,
        rows: all.slice(at, at + piece),
        removed: [],
        ...(at === 0 ? { reset: true } : {}),
        ...(at + piece >= all.length ? { complete: true } : {}),
      } as WatchEvent);
    }
    return pieces;
  });
}

/** Tells a watcher all of it. */
export function tellAll(watcher: Watcher, events: readonly WatchEvent[]): void {
  for (const event of events) watcher.send(event);
}
