/** Trouble between a coordinator and Coder, on real connections: what is found, started and lent all the same, and what is not. */
import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import {
  type ClientRig,
  type ClientRigOptions,
  startClientRig,
} from "../../../tests/fake-coder/client_rig.ts";
import {
  addWorkspace,
  endBuild,
  type FaultAction,
  htmlPage,
  pickUpBuild,
  tooManyRequests,
} from "../../../tests/fake-coder/mod.ts";
import type { CallersCoder, WorkspaceWish } from "../coordinator/types.ts";
import type { TaskEvent } from "../link.ts";
import { createWorkspaceDoor, type OpenedWorkspaceDoor } from "./door.ts";
import { lentTo, refused } from "./testing.ts";

// Not a timeout: it would begin when the file is loaded, long before its tests run.
const { signal } = new AbortController();
const DEV: WorkspaceWish = { namespace: "lab", controlPlane: "acme", workspace: "dev" };
const GET = "/api/v2/workspaces/{workspace}";
const CHECK = "/api/v2/authcheck";
const BUILD = "/api/v2/workspaces/{workspace}/builds";
type Row = Record<string, unknown>;

const AGENT = {
  id: "11111111-1111-4111-8111-111111111111",
  name: "main",
  status: "connected",
  lifecycle_state: "ready",
  parent_id: null,
};

interface Rig extends AsyncDisposable {
  readonly rig: ClientRig;
  readonly door: OpenedWorkspaceDoor;
  readonly workspace: Row & { readonly id: string };
  readonly events: string[];
  /** Its build is over, with an agent. */
  runs(): void;
  stopped(): void;
  coder(): Promise<CallersCoder>;
  find(wish?: Partial<WorkspaceWish>): ReturnType<OpenedWorkspaceDoor["find"]>;
  ready(wish?: Partial<WorkspaceWish>): ReturnType<OpenedWorkspaceDoor["ready"]>;
}

async function start(options: ClientRigOptions = {}): Promise<Rig> {
  const rig = await startClientRig(options);
  const { state } = rig.fake;
  const workspace = addWorkspace(state, rig.owner, "dev") as unknown as Row & { readonly id: string };
  const latest = () => workspace["latest_build"] as Row;
  const runs = () => void (workspace["latest_build"] = { ...latest(), resources: [{ agents: [AGENT] }] });
  runs();
  const door = createWorkspaceDoor({
    log: silentLogger,
    bringUp: { pollMs: [5, 20] },
    access: { recheckMs: 0 },
  });
  const coder = () => Promise.resolve({ id: "lab/acme", client: rig.client, user: rig.owner.username });
  const events: string[] = [];
  const onEvent = (event: TaskEvent) => void (event.kind === "progress" && events.push(event.message));
  const find = (wish: Partial<WorkspaceWish> = {}) => door.find({ ...DEV, ...wish }, { signal, coder });
  return {
    rig,
    door,
    workspace,
    events,
    runs,
    stopped: () =>
      void (workspace["latest_build"] = {
        ...latest(),
        status: "stopped",
        transition: "stop",
        resources: [],
      }),
    coder,
    find,
    ready: async (wish = {}) =>
      await door.ready(await find(wish), wish, { signal, onEvent, timeoutMs: 60_000 }),
    async [Symbol.asyncDispose]() {
      door.close();
      await rig[Symbol.asyncDispose]();
    },
  };
}

/** Ends builds as a provisioner does, as soon as there are any. */
async function provisioning<R>(at: Rig, run: () => Promise<R>, failure?: string): Promise<R> {
  const { rig: { fake: { state } }, workspace, runs } = at;
  const timer = setInterval(() => {
    const { status } = workspace["latest_build"] as { status: string };
    if (status === "pending") pickUpBuild(state, workspace);
    else if (status === "starting") {
      endBuild(state, workspace, failure);
      if (failure === undefined) runs();
    }
  }, 10);
  try {
    return await run();
  } finally {
    clearInterval(timer);
  }
}

Deno.test("a workspace is found, started once, and waited for, over real connections", async () => {
  await using at = await start();
  const { place } = await at.find();
  assert.deepEqual([place.workspace, place.agent], [`${at.rig.owner.username}/dev`, "main"]);
  at.stopped();
  const ready = await provisioning(at, () => at.ready({ start: true }));
  assert.deepEqual([ready.place.agent, ready.warning], ["main", ""]);
  assert.equal(at.rig.fake.count({ method: "POST", route: BUILD }), 1);
  assert.equal(at.events[0], "the workspace is started");
});

Deno.test("a start whose answer is lost was a start, and there is no second", async () => {
  await using at = await start();
  at.stopped();
  at.rig.fake.faults.add({ method: "POST", route: BUILD, action: { do: "loseAnswer" } });
  await provisioning(at, () => at.ready({ start: true }));
  assert.equal(at.rig.fake.count({ method: "POST", route: BUILD }), 1);
  assert.equal((at.workspace["latest_build"] as Row)["build_number"], 2);
});

Deno.test("a start that never reached Coder is asked for again", async () => {
  await using at = await start();
  at.stopped();
  at.rig.fake.faults.add({ method: "POST", route: BUILD, action: { do: "dropRequest" } });
  await provisioning(at, () => at.ready({ start: true }));
  assert.equal((at.workspace["latest_build"] as Row)["build_number"], 2);
});

Deno.test("a build that fails is told with Coder's words for it", async () => {
  await using at = await start();
  at.stopped();
  const { code, message } = await provisioning(
    at,
    () => refused(at.ready({ start: true })),
    "no quota is left",
  );
  assert.equal(code, "failed");
  assert.match(
    message,
    /was started, and is not running: its latest build, a start, failed: no quota is left/,
  );
});

const TROUBLES: readonly [string, FaultAction][] = [
  ["a page of an ingress", htmlPage(502, "Bad Gateway")],
  ["a connection that breaks", { do: "dropRequest" }],
  ["an answer that is cut", { do: "truncate" }],
  ["an answer that is none", { do: "body", body: "<html>" }],
  ["no more requests for now", tooManyRequests(1)],
];

for (const [what, action] of TROUBLES) {
  Deno.test(`${what} is told as such while a workspace is looked for, and waited out while it starts`, async () => {
    await using at = await start();
    const clear = at.rig.fake.faults.add({
      method: "GET",
      route: "/api/v2/users/{user}/workspace/{name}",
      times: Infinity,
      action,
    });
    const { code, message } = await refused(at.find());
    assert.equal(code, "unavailable");
    assert.match(message, /^find workspace dev: /);
    assert.doesNotMatch(message, /<html|nginx/);
    clear();
    at.stopped();
    // By its id: where Coder wants no more requests for now, that is for the path that they went to.
    at.rig.fake.faults.add({ method: "GET", route: GET, skip: 3, times: 2, action });
    const ready = await provisioning(at, () => at.ready({ workspace: at.workspace.id, start: true }));
    assert.equal(ready.place.agent, "main");
  });
}

Deno.test("Coder without its database says nothing about a caller's rights", async () => {
  await using at = await start();
  at.rig.fake.settings.databaseAway = true;
  const { code, message } = await refused(at.find());
  assert.equal(code, "unavailable");
  assert.match(message, /database/);
});

Deno.test("a call is refused where nobody can say whether its caller may, and goes on once that is known", async () => {
  await using at = await start();
  const { place } = await at.find();
  const session = { ...lentTo({ ...at.workspace, latest_build: {} } as never), workspace: place };
  const lend = () => at.door.lend(session, { coder: at.coder, signal });
  const clear = at.rig.fake.faults.add({
    route: CHECK,
    times: Infinity,
    action: htmlPage(503, "Unavailable"),
  });
  const away = await refused(lend());
  assert.equal(away.code, "unavailable");
  assert.match(away.message, /look whether you may work in workspace .*\/dev: /);
  clear();
  const loan = await lend();
  assert.equal(loan.signal.aborted, false);
  loan.end();
});

Deno.test("a token that is revoked, and a user who may not, are refused for good", async () => {
  await using at = await start();
  const { place } = await at.find();
  const session = { ...lentTo({ ...at.workspace, latest_build: {} } as never), workspace: place };
  const member = at.rig.memberClient("eve");
  const asEve = () => Promise.resolve({ id: "lab/acme", client: member, user: "eve" });
  const forbidden = await refused(at.door.lend(session, { coder: asEve, signal }));
  assert.equal(forbidden.code, "forbidden");
  const revoked = at.rig.clientWith("abcdefghij-abcdefghijklmnopqrstuv");
  const asNobody = () => Promise.resolve({ id: "lab/acme", client: revoked, user: "gone" });
  const nobody = await refused(at.door.lend(session, { coder: asNobody, signal }));
  assert.equal(nobody.code, "forbidden");
  assert.match(nobody.message, /replace it/);
});

Deno.test("a workspace that is deleted while its session is used is known to be", async () => {
  await using at = await start();
  const { place } = await at.find();
  const session = { ...lentTo({ ...at.workspace, latest_build: {} } as never), workspace: place };
  (await at.door.lend(session, { coder: at.coder, signal })).end();
  at.workspace["deleted"] = true;
  const { code, message } = await refused(at.door.lend(session, { coder: at.coder, signal }));
  assert.equal(code, "session_ended");
  assert.match(message, /was deleted, and the session with it/);
});
