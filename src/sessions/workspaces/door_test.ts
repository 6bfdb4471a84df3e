import assert from "node:assert/strict";
import type { Workspace } from "../../coder/mod.ts";
import { uuid } from "../../inventory/testing/records.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { PrometheusMetrics } from "../../telemetry/prometheus.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import type { WorkspaceWish } from "../coordinator/types.ts";
import type { TaskEvent } from "../link.ts";
import { createWorkspaceDoor } from "./door.ts";
import { ModelCoder, refusal, refused } from "./testing.ts";
import { StartNeeded } from "./types.ts";

const signal = new AbortController().signal;
const DEV: WorkspaceWish = { namespace: "lab", controlPlane: "acme", workspace: "dev" };

function rig(user = "ann") {
  const coder = new ModelCoder();
  const clock = new FakeClock();
  const metrics = new PrometheusMetrics();
  const door = createWorkspaceDoor({ log: silentLogger, clock, metrics });
  const events: string[] = [];
  const onEvent = (event: TaskEvent) => void (event.kind === "progress" && events.push(event.message));
  const find = (wish: Partial<WorkspaceWish> = {}, sees?: (workspace: Workspace) => boolean) =>
    door.find({ ...DEV, ...wish }, { signal, coder: coder.opens(user, sees) });
  return {
    coder,
    clock,
    metrics,
    door,
    events,
    find,
    /** Finds it and waits, as the coordinator does. */
    async ready(wish: Partial<WorkspaceWish> = {}, timeoutMs = 240_000, own = signal) {
      const found = await find(wish);
      return await door.ready(found, wish, { signal: own, onEvent, timeoutMs });
    },
    /** Lets time pass until something has come of it. */
    async until<T>(promise: Promise<T>, stepMs = 500): Promise<T> {
      let isOver = false;
      promise.then(() => isOver = true, () => isOver = true);
      for (let steps = 0; !isOver && steps < 5_000; steps++) await clock.advance(stepMs);
      return await promise;
    },
  };
}

Deno.test("a workspace is found by each of its names, as it is to be worked in", async () => {
  const { coder, find } = rig();
  const dev = coder.add();
  const theirs = coder.add({ owner_name: "bob", owner_id: uuid(7) }, [{ name: "cpu" }, { name: "gpu" }]);
  const place = {
    coder: "lab/acme",
    namespace: "lab",
    controlPlane: "acme",
    workspaceId: dev.id,
    workspace: "ann/dev",
    ownerId: dev.owner_id,
    agent: "main",
    directory: "",
    files: "workspace",
  };
  for (const workspace of ["dev", "ann/dev", "acme.ann.dev", "dev.main", dev.id]) {
    assert.deepEqual((await find({ workspace })).place, place);
  }
  const other = await find({ workspace: "bob/dev.gpu", directory: "src", files: "scratch" });
  assert.deepEqual(other.place, {
    ...place,
    workspaceId: theirs.id,
    workspace: "bob/dev",
    ownerId: uuid(7),
    agent: "gpu",
    directory: "src",
    files: "scratch",
  });
});

Deno.test("what is not found, or not to be seen, is told with what there is instead", async () => {
  const { coder, find } = rig();
  const theirs = coder.add({ owner_name: "bob" });
  const none = await refused(find({ workspace: "box" }));
  assert.deepEqual([none.code, none.message], [
    "not_found",
    "you (ann) have no workspace box in Coder lab/acme",
  ]);
  const others = await refused(find());
  assert.match(
    others.message,
    /have no workspace dev .*; others have, that you may see: .* in full, bob\/dev$/,
  );
  assert.match(
    (await refused(find({ workspace: "eve/dev" }))).message,
    /no workspace eve\/dev that you \(ann\) may see/,
  );
  assert.match((await refused(find({ workspace: "beta.bob.dev" }))).message, /of organization beta/);
  const hidden = await refused(find({ workspace: theirs.id }, () => false));
  assert.match(hidden.message, /no workspace .* that you \(ann\) may see in Coder lab\/acme/);
  // A user that Coder does not know is a wrong name to it.
  coder.failures.set("find", [refusal("invalid", 400, '"user" must be an existing uuid or username.')]);
  assert.equal((await refused(find({ workspace: "nobody/dev" }))).code, "not_found");
  coder.delete(theirs.id);
  assert.match((await refused(find({ workspace: theirs.id }))).message, /was deleted/);
});

Deno.test("who may see a workspace and not open terminals in it is refused before anything is done", async () => {
  const { coder, find } = rig();
  const { id } = coder.add();
  coder.set(id, "stopped", [], { transition: "stop" });
  coder.withoutSsh.add("ann");
  const { code, message } = await refused(find({ start: true }));
  assert.deepEqual([code, coder.count("build")], ["forbidden", 0]);
  assert.match(message, /you \(ann\) may see workspace ann\/dev and not open terminals in it/);
});

Deno.test("Coder's refusals keep their words, and say what was tried", async () => {
  const { coder, door, find } = rig();
  coder.add();
  coder.suspended.add("ann");
  const suspended = await refused(find());
  assert.deepEqual([suspended.code, suspended.message], [
    "forbidden",
    "find workspace dev: the user is suspended",
  ]);
  coder.suspended.clear();
  coder.failures.set("authCheck", [refusal("unavailable", 503, "the database is away", "databaseAway")]);
  const away = await refused(find());
  assert.deepEqual(away.code, "unavailable");
  assert.match(away.message, /look whether you may work in workspace ann\/dev: the database is away/);
  const nobody = await refused(door.find(DEV, { signal }));
  assert.match(nobody.message, /there is no way to Coder as you here/);
  const foreign = await refused(
    door.find(DEV, { signal, coder: () => Promise.reject(new Error("no Coder is known in namespace lab")) }),
  );
  assert.match(foreign.message, /cannot be reached as you: no Coder is known in namespace lab$/);
  const gone = AbortSignal.abort(new Error("the client is gone"));
  await assert.rejects(door.find(DEV, { signal: gone, coder: coder.opens("ann") }), /the client is gone/);
});

Deno.test("a directory that cannot be one is refused", async () => {
  const { coder, find } = rig();
  coder.add();
  for (const directory of ["a\0b", "a\nb", "x".repeat(1_025)]) {
    assert.equal((await refused(find({ directory }))).code, "invalid");
  }
});

Deno.test("a workspace that runs is ready at once, and is never built", async () => {
  const { coder, ready, events } = rig();
  coder.add();
  const { place, warning } = await ready({ start: true });
  assert.deepEqual([place.agent, warning, coder.count("build"), events], ["main", "", 0, []]);
});

Deno.test("a stopped one is not started unless that is asked for; who is asked hears which build it is", async () => {
  const { coder, find } = rig();
  const { id, latest_build } = coder.add();
  coder.set(id, "stopped", [], { transition: "stop" });
  const error = await refused(find());
  assert.ok(error instanceof StartNeeded);
  assert.deepEqual([error.code, error.workspace, error.build], ["unavailable", "ann/dev", latest_build.id]);
  assert.match(error.message, /workspace ann\/dev is stopped: nothing was done\. Ask again with start: true/);
  assert.equal(error.question, "Workspace ann/dev is stopped. Start it");
  assert.equal(coder.count("build"), 0);
});

Deno.test("it is started once, and waited for step by step", async () => {
  const { coder, clock, door, events, find, metrics } = rig();
  const { id } = coder.add();
  coder.set(id, "stopped", [], { transition: "stop" });
  const wish = { start: true };
  const found = await find(wish);
  assert.equal(found.place.agent, "");
  const onEvent = (event: TaskEvent) => void (event.kind === "progress" && events.push(event.message));
  const ready = door.ready(found, wish, { signal, onEvent, timeoutMs: 240_000 });
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 500) await clock.advance(500);
  };
  await pass(2_000);
  coder.set(id, "starting");
  coder.log = [{ id: 1, stage: "Starting workspace", output: "" }];
  await pass(3_000);
  coder.log.push({ id: 2, stage: "Starting workspace", output: "docker_volume.home:\u001b[0m Creating..." });
  await pass(3_000);
  coder.set(id, "running", [{ status: "connecting", lifecycle_state: "created" }]);
  await pass(3_000);
  coder.set(id, "running", [{ status: "connected", lifecycle_state: "starting" }]);
  await pass(3_000);
  coder.set(id, "running", [{ status: "connected", lifecycle_state: "ready" }]);
  await pass(3_000);
  const { place, warning } = await ready;
  assert.deepEqual([place.agent, warning, coder.count("build")], ["main", "", 1]);
  assert.deepEqual(events.filter((one, index) => one !== events[index - 1]), [
    "the workspace is started",
    "the workspace is being started",
    "the workspace is being started: Starting workspace",
    "the workspace is being started: Starting workspace: docker_volume.home: [0m Creating...",
    "agent main connects",
    "the startup script of agent main runs",
  ]);
  assert.match(await metrics.text(), /^coordinator_workspace_starts_total 1$/m);
});

Deno.test("what is being started by others is waited for, without anybody's consent", async () => {
  const { coder, ready, until } = rig();
  const { id } = coder.add();
  coder.set(id, "pending", [], { transition: "start" });
  const promise = ready();
  await settle();
  coder.set(id, "running", [{}], { transition: "start" });
  assert.equal((await until(promise)).place.agent, "main");
  assert.equal(coder.count("build"), 0);
});

Deno.test("a stop is waited for with consent, and refused without", async () => {
  const { coder, find, ready, until } = rig();
  const { id } = coder.add();
  coder.set(id, "stopping", [], { transition: "stop" });
  assert.match(
    (await refused(find())).message,
    /is being stopped: try again when that is over, with start: true/,
  );
  coder.onBuild = () => coder.set(id, "running", [{}]);
  const promise = ready({ start: true });
  await settle();
  assert.equal(coder.count("build"), 0);
  coder.set(id, "stopped", [], { transition: "stop" });
  assert.equal((await until(promise)).warning, "");
  assert.equal(coder.count("build"), 1);
});

Deno.test("a start that fails is told with its reason, and not tried again", async () => {
  const { coder, ready, until } = rig();
  const { id } = coder.add();
  coder.set(id, "stopped", [], { transition: "stop" });
  coder.onBuild = ({ latest_build: { job } }) =>
    coder.set(id, "failed", [], { job: { ...job!, error: "terraform apply: exit status 1" } });
  const { code, message } = await refused(until(ready({ start: true })));
  assert.deepEqual([code, coder.count("build")], ["failed", 1]);
  assert.match(
    message,
    /was started, and is not running: its latest build, a start, failed: terraform apply/,
  );
});

Deno.test("somebody else's build in the middle is no mistake: it is looked at first", async () => {
  const { coder, ready, until } = rig();
  const { id } = coder.add();
  coder.set(id, "stopped", [], { transition: "stop" });
  // Coder has begun another between the look and the start.
  coder.failures.set("build", [refusal("conflict", 409, "A workspace build is already active.")]);
  coder.onBuild = () => coder.set(id, "running", [{}]);
  assert.equal((await until(ready({ start: true }))).warning, "");
});

Deno.test("who may not start it hears so from Coder", async () => {
  const { coder, ready, until } = rig();
  const { id } = coder.add();
  coder.set(id, "stopped", [], { transition: "stop" });
  coder.failures.set("build", [refusal("forbidden", 403, "Forbidden.")]);
  const { code, message } = await refused(until(ready({ start: true })));
  assert.deepEqual([code, message], ["forbidden", "start workspace ann/dev: Forbidden."]);
});

Deno.test("a startup script without an end, or with a bad one, is told as a warning", async () => {
  const { coder, ready, until } = rig();
  const { id } = coder.add({}, [{ lifecycle_state: "start_error" }]);
  assert.match((await ready()).warning, /the startup script of agent main failed/);
  coder.set(id, "running", [{ lifecycle_state: "starting" }]);
  assert.match(
    (await until(ready())).warning,
    /startup script of agent main runs for more than 60 s, and is not waited/,
  );
});

Deno.test("an agent that does not come back is given up; one that does is waited for", async () => {
  const { coder, ready, until } = rig();
  const { id } = coder.add({}, [{ status: "disconnected" }]);
  const { code, message } = await refused(until(ready()));
  assert.equal(code, "unavailable");
  assert.match(message, /agent main of workspace ann\/dev is disconnected: restart the workspace/);
  const promise = ready();
  await settle();
  coder.set(id, "running", [{}]);
  assert.equal((await until(promise)).place.agent, "main");
});

Deno.test("a workspace that takes too long goes on by itself, and that is said", async () => {
  const { coder, ready, until } = rig();
  const { id } = coder.add();
  coder.set(id, "starting", [], { transition: "start" });
  const { code, message } = await refused(until(ready({}, 60_000)));
  assert.equal(code, "deadline");
  assert.match(message, /not ready within 60 s \(the workspace is being started\): it goes on by itself/);
});

Deno.test("Coder may be away for a moment while one waits, and not for long", async () => {
  const { coder, ready, until, events } = rig();
  const { id } = coder.add();
  coder.set(id, "starting", [], { transition: "start" });
  const away = () => refusal("unavailable", 502, "bad gateway");
  coder.failures.set("get", [away(), away(), away()]);
  const promise = ready();
  await settle();
  coder.onBuild = () => {};
  coder.set(id, "running", [{}]);
  assert.equal((await until(promise)).warning, "");
  assert.ok(events.includes("Coder does not answer"));
  coder.failures.set("get", Array.from({ length: 1_000 }, away));
  const { code, message } = await refused(until(ready()));
  assert.equal(code, "unavailable");
  assert.match(message, /look at workspace .*: bad gateway/);
});

Deno.test("a workspace that is deleted, or asks for its agent by name, while one waits is refused then", async () => {
  const { coder, ready, until } = rig();
  const { id } = coder.add();
  coder.set(id, "starting", [], { transition: "start" });
  const several = ready();
  await settle();
  coder.set(id, "running", [{ name: "cpu" }, { name: "gpu" }]);
  assert.match((await refused(until(several))).message, /several agents: name one of cpu, gpu/);
  coder.set(id, "starting", [], { transition: "start" });
  const deleted = ready();
  await settle();
  coder.set(id, "pending", [], { transition: "delete" });
  assert.match((await refused(until(deleted))).message, /workspace ann\/dev is being deleted/);
});

Deno.test("who gives up waits no longer", async () => {
  const { coder, ready, clock } = rig();
  const { id } = coder.add();
  coder.set(id, "starting", [], { transition: "start" });
  const client = new AbortController();
  const promise = ready({}, 60_000, client.signal);
  await clock.advance(2_000);
  client.abort(new Error("the client is gone"));
  await assert.rejects(promise, /the client is gone/);
});
