import assert from "node:assert/strict";
import { RECORD } from "../../mcp/tools/sessions/testing.ts";
import type { WorkerView } from "../../sessions/coordinator/types.ts";
import { ToolError } from "../../mcp/errors.ts";
import { CALLER } from "../../mcp/testing.ts";
import type { Visitor } from "../../mcp/surface.ts";
import { debugSessions } from "./debug_sessions.ts";

const worker: WorkerView = {
  id: "w1",
  hello: {
    incarnation: "i1",
    version: "1.0.0",
    labels: { zone: "a" },
    capabilities: ["echo"],
    isolation: "full",
    capacity: 4,
    sharedStorage: "",
  },
  load: { sessions: [RECORD.id], runningTasks: 1, processes: 2, memoryBytes: 3, freeDiskBytes: 4 },
  isConnected: true,
  isDraining: false,
  lastHeardAt: RECORD.createdAt,
  sessions: 1,
};
const visitorOf = (name: string, method: "token" | "process" = "token") =>
  ({ caller: { ...CALLER, user: { ...CALLER.user, name }, method } }) as Visitor;
const look = (visitor: Visitor, workers = [worker]) =>
  debugSessions({ everybody: () => Promise.resolve({ sessions: [RECORD], workers }) }, { admins: ["root"] })(
    visitor,
    new AbortController().signal,
  );

Deno.test("administrators see whose sessions there are, and where", async () => {
  assert.deepEqual(await look(visitorOf("root")), {
    sessions: [{
      id: RECORD.id,
      name: "default",
      owner: "ann",
      state: "ready",
      reason: "",
      worker: "w1",
      isolation: "full",
      labels: {},
      createdAt: "2026-11-22T10:00:00.000Z",
      lastUsedAt: "2026-11-22T10:00:00.000Z",
      expiresAt: "2026-11-22T10:30:00.000Z",
    }],
    workers: [{
      id: "w1",
      state: "connected",
      version: "1.0.0",
      isolation: "full",
      labels: { zone: "a" },
      capacity: 4,
      sessions: 1,
      runningTasks: 1,
      processes: 2,
      memoryBytes: 3,
      freeDiskBytes: 4,
      lastHeardAt: "2026-11-22T10:00:00.000Z",
    }],
  });
});

Deno.test("of a session in a Coder workspace it is said in which, and nothing of who may reach it", async () => {
  const workspace = {
    coder: "lab/acme",
    namespace: "lab",
    controlPlane: "acme",
    workspaceId: "00000000-0000-4000-8000-000000000001",
    workspace: "ann/dev",
    ownerId: "00000000-0000-4000-8000-000000000002",
    agent: "main",
    directory: "src",
    files: "workspace",
  } as const;
  const document = debugSessions({
    everybody: () => Promise.resolve({ sessions: [{ ...RECORD, workspace }], workers: [] }),
  }, { admins: ["root"] });
  const { sessions } = await document(visitorOf("root"), new AbortController().signal) as {
    sessions: { workspace?: unknown }[];
  };
  assert.deepEqual(sessions[0]?.workspace, {
    coder: "lab/acme",
    name: "ann/dev",
    agent: "main",
    directory: "src",
    files: "workspace",
  });
});

Deno.test("others do not, whoever started the process does", async () => {
  await assert.rejects(
    look(visitorOf("ann")),
    (error) => error instanceof ToolError && error.code === "forbidden" && /--admins/.test(error.message),
  );
  const { workers } = await look(visitorOf("me", "process"), [
    { ...worker, isDraining: true },
    { ...worker, isConnected: false, isDraining: true },
  ]) as { workers: { state: string }[] };
  assert.deepEqual(workers.map(({ state }) => state), ["draining", "disconnected"]);
});
