/** Whose rights count in workspaces, and for how long: real agents of a real Coder, coordinators in this process. */
import assert from "node:assert/strict";
import { createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { createAgentHost } from "../../src/sessions/agent/mod.ts";
import { createSessions, type SessionsService } from "../../src/sessions/coordinator/sessions.ts";
import type { OpenCoder, SessionOwner } from "../../src/sessions/coordinator/types.ts";
import { fsRead, fsWrite, processInput, processOutput, runCommand } from "../../src/sessions/operations.ts";
import { WorkerRegistry } from "../../src/sessions/registry/registry.ts";
import { STANDARD_BLOB_LIMITS } from "../../src/sessions/store/blob_rules.ts";
import { MemoryBlobStore } from "../../src/sessions/store/memory_blobs.ts";
import { MemorySessionStore } from "../../src/sessions/store/memory_store.ts";
import { SessionError } from "../../src/sessions/types.ts";
import { WorkerHub } from "../../src/sessions/wire/hub.ts";
import { WORKSPACES_WORKER } from "../../src/sessions/wire/worker_ids.ts";
import { createWorkspaceDoor } from "../../src/sessions/workspaces/door.ts";
import { openWorkspaceWorker } from "../../src/sessions/workspaces/worker.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { waitFor } from "../cluster/mod.ts";
import { agentTemplate, type Coderd, sharedCoderd, uniqueName } from "../coder/mod.ts";
import { coderToken, type CoderUser, coderUser } from "./coder_rig.ts";

// Not a timeout: it would begin when the file is loaded, long before its tests run.
const { signal } = new AbortController();
/** What Coder has said is believed for so long here. */
const RECHECK_MS = 1_000;

interface Coordinator extends AsyncDisposable {
  readonly sessions: SessionsService;
}

/** One that reaches workspaces. Several on one store are replicas. */
async function coordinator(store: MemorySessionStore, blobs: MemoryBlobStore): Promise<Coordinator> {
  const log = silentLogger;
  const registry = new WorkerRegistry({ log });
  const hub = new WorkerHub({ listener: registry, log });
  const door = createWorkspaceDoor({ log, access: { recheckMs: RECHECK_MS } });
  const host = createAgentHost({ access: door.access.find, log });
  const worker = openWorkspaceWorker({ hub, access: door.access, host, version: "test", log });
  const stop = new AbortController();
  const running = worker.run(stop.signal);
  const sessions = createSessions({ store, blobs, registry, workspaces: door, log });
  await waitFor(() => Promise.resolve(registry.find(WORKSPACES_WORKER)?.isConnected), {
    what: "the worker of workspaces",
  });
  return {
    sessions,
    async [Symbol.asyncDispose]() {
      await sessions.shutDown();
      stop.abort();
      await running;
      await worker.close();
      door.close();
      hub.close("the test is over");
    },
  };
}

interface World extends AsyncDisposable {
  readonly coderd: Coderd;
  readonly ann: CoderUser;
  readonly bob: CoderUser;
  readonly workspace: { readonly id: string; readonly name: string };
  readonly store: MemorySessionStore;
  readonly blobs: MemoryBlobStore;
  opens(user: CoderUser, token?: string): OpenCoder;
  setStatus(user: CoderUser, status: "activate" | "suspend"): Promise<void>;
}

async function world(): Promise<World> {
  const coderd = await sharedCoderd();
  const template = await coderd.createTemplate({ files: agentTemplate() });
  const [ann, bob] = await Promise.all(["ann", "bob"].map((name) => coderUser(coderd, name)));
  const { id, name } = await coderd.createWorkspace({
    template,
    user: ann!.username,
    name: uniqueName("ws"),
  });
  await coderd.waitForAgents(id);
  const transport = createTransport({ url: coderd.url });
  return {
    coderd,
    ann: ann!,
    bob: bob!,
    workspace: { id, name },
    store: new MemorySessionStore(),
    blobs: new MemoryBlobStore(STANDARD_BLOB_LIMITS),
    opens: ({ username: user, token: own }, token = own) => {
      const client = createCoderClient({ transport, token });
      return () => Promise.resolve({ id: coderd.url, client, user });
    },
    async setStatus({ id }, status) {
      const { token } = await coderd.firstUser();
      await coderd.request("PUT", `/api/v2/users/${id}/status/${status}`, { token });
    },
    async [Symbol.asyncDispose]() {
      transport.close();
      await coderd.buildWorkspace(id, "delete");
    },
  };
}

const ownerOf = ({ id, username }: CoderUser): SessionOwner => ({ id: `coder:${id}`, name: username });

async function refused(promise: Promise<unknown>): Promise<SessionError> {
  const error = await promise.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof SessionError, String(error));
  return error;
}

Deno.test("a right that is lost in the middle ends calls, and one that is back goes on", async (t) => {
  await using here = await world();
  const { ann, bob, workspace, opens } = here;
  await using first = await coordinator(here.store, here.blobs);
  const { sessions } = first;
  const owner = ownerOf(ann);
  const options = { signal, coder: opens(ann) };
  const wish = { namespace: "", controlPlane: "", workspace: workspace.name };
  const { id } = await sessions.create(owner, { name: "box", workspace: wish }, options);
  const run = (command: string, waitMs = 60_000, coder = options.coder) =>
    sessions.call(owner, id, runCommand, { command, waitMs }, undefined, { signal, coder });

  await t.step("a user who is suspended: their call ends, and the next is refused", async () => {
    const running = refused(run("echo $$ > pid; exec sleep 600", 280_000));
    await waitFor(() => sessions.call(owner, id, fsRead, { path: "pid" }, undefined, options), {
      what: "the process",
    });
    await here.setStatus(ann, "suspend");
    const ended = await running;
    assert.equal(ended.code, "forbidden");
    assert.match(
      ended.message,
      /^run\.command in session .* was given up, and it is not known how far it was: /,
    );
    assert.equal((await refused(run("true"))).code, "forbidden");
    // Closing it needs no right.
    assert.equal((await sessions.get(owner, id, signal)).state, "ready");
  });

  await t.step("who is back goes on", async () => {
    await here.setStatus(ann, "activate");
    assert.match((await run("cat pid")).output.stdout, /^\d+\n$/);
  });

  await t.step("a token that is revoked is good no more, and another of the user's is", async () => {
    const token = await coderToken(here.coderd, ann.id);
    const asToken = opens(ann, token);
    assert.equal((await run("echo by token", 60_000, asToken)).output.stdout, "by token\n");
    await here.coderd.request("DELETE", `/api/v2/users/${ann.id}/keys/${token.split("-")[0]}`, {
      token: ann.token,
    });
    // What was said of the user is believed for a while, whichever token they come with.
    const error = await waitFor(async () => {
      const error = await run("true", 60_000, asToken).then(() => undefined, (error) => error);
      return error ?? false;
    }, { what: "the refusal" });
    assert.equal((error as SessionError).code, "forbidden");
    assert.equal((await run("echo again")).output.stdout, "again\n");
  });

  await t.step("another user has neither the session nor the workspace", async () => {
    const asBob = { signal, coder: opens(bob) };
    const wishOfBob = { ...wish, workspace: `${ann.username}/${workspace.name}` };
    assert.equal(
      (await refused(sessions.create(ownerOf(bob), { workspace: wishOfBob }, asBob))).code,
      "not_found",
    );
    assert.equal(
      (await refused(sessions.call(ownerOf(bob), id, fsRead, { path: "pid" }, undefined, asBob))).code,
      "not_found",
    );
    // Whoever is taken for the owner, and is another in Coder, gets as far as their own rights.
    const mixed = await refused(run("true", 60_000, opens(bob)));
    assert.equal(mixed.code, "forbidden");
  });

  await t.step("what is closed is ended in the workspace", async () => {
    await sessions.call(owner, id, fsWrite, { path: "stays.txt" }, new TextEncoder().encode("x"), options);
    const { output } = await run("sleep 600 & echo $!");
    const pid = output.stdout.trim();
    await sessions.close(owner, id, signal, options.coder);
    const again = await sessions.create(owner, { name: "look", workspace: wish }, options);
    const look = await sessions.call(
      owner,
      again.id,
      runCommand,
      { command: `cat stays.txt; kill -0 ${pid} 2>/dev/null || echo gone` },
      undefined,
      options,
    );
    assert.equal(look.output.stdout, "xgone\n");
  });
});

Deno.test("another replica, and one that was started anew, goes on with a session and its processes", async () => {
  await using here = await world();
  const { ann, workspace, opens } = here;
  const owner = ownerOf(ann);
  const options = { signal, coder: opens(ann) };
  const wish = { namespace: "", controlPlane: "", workspace: workspace.id, files: "scratch" } as const;
  let id = "";
  let process = "";
  {
    await using one = await coordinator(here.store, here.blobs);
    ({ id } = await one.sessions.create(owner, { name: "box", workspace: wish }, options));
    const started = await one.sessions.call(
      owner,
      id,
      runCommand,
      { command: "cat; echo done", interactive: true, waitMs: 0 },
      undefined,
      options,
    );
    process = started.output.process;
    await one.sessions.call(owner, id, fsWrite, { path: "a.txt" }, new TextEncoder().encode("kept"), options);
    await using two = await coordinator(here.store, here.blobs);
    await two.sessions.call(owner, id, processInput, { process, data: "from two\n" }, undefined, options);
    const seen = await one.sessions.call(
      owner,
      id,
      processOutput,
      { process, waitMs: 60_000 },
      undefined,
      options,
    );
    assert.equal(seen.output.stdout, "from two\n");
  }
  await using three = await coordinator(here.store, here.blobs);
  const { sessions } = three;
  const read = await sessions.call(owner, id, fsRead, { path: "a.txt" }, undefined, options);
  assert.equal(new TextDecoder().decode(read.body), "kept");
  await sessions.call(
    owner,
    id,
    processInput,
    { process, data: "from three\n", close: true },
    undefined,
    options,
  );
  const ended = await waitFor(async () => {
    const { output } = await sessions.call(
      owner,
      id,
      processOutput,
      { process, waitMs: 60_000 },
      undefined,
      options,
    );
    return output.state === "exited" && output;
  }, { what: "the end of the process" });
  assert.deepEqual([ended.stdout, ended.exitCode], ["from two\nfrom three\ndone\n", 0]);
  await sessions.close(owner, id, signal, options.coder);
});
