import assert from "node:assert/strict";
import { type CopyRig, copyRig } from "../testing/copy_rig.ts";
import { connectionRefused } from "../testing/model_coder.ts";
import { build } from "../testing/records.ts";
import { TooManyLogsError } from "./build_logs.ts";

/** Lets time pass while a call waits for Coder. */
async function passing<T>({ clock }: CopyRig, call: Promise<T>): Promise<T> {
  call.catch(() => {});
  await clock.advance(500);
  return await call;
}

async function textOf(rig: CopyRig, id: string, number: number | "latest" = "latest") {
  const reader = await passing(rig, rig.copy.workspaceLog(id, number, rig.signal));
  if (reader === undefined) return undefined;
  await passing(rig, reader.refresh(rig.signal));
  return `${reader.lines.map(({ output }) => output).join()}${reader.isOver ? "" : " …"}`;
}

/** A workspace with a build that is over, and a log of it. */
function built({ coder }: CopyRig, name = "dev") {
  const workspace = coder.add(name);
  const id = coder.logs.begin(workspace, { job: { status: "succeeded" } });
  coder.logs.write(id, "Planning", "first");
  return { id: workspace.id, build: id };
}

Deno.test("the latest build is the latest in Coder, not the latest that is known", async () => {
  await using rig = copyRig();
  const { id } = built(rig);
  await rig.start();
  assert.equal(await textOf(rig, id), "first");
  // Somebody begins a build in Coder's own pages, and nobody has told us.
  rig.coder.begin(id, "stop");
  const second = rig.coder.logs.begin(rig.coder.workspaces.get(id)!);
  rig.coder.logs.write(second, "Stopping", "second");
  await rig.clock.advance(2_000);
  assert.equal(await textOf(rig, id), "second …");
  assert.equal(rig.copy.workspace(id)?.latest_build.build_number, 2);
});

Deno.test("the end of a build that the copy looks at is the end of its log", async () => {
  await using rig = copyRig();
  const { id } = built(rig);
  await rig.start();
  rig.coder.begin(id, "stop");
  const second = rig.coder.logs.begin(rig.coder.workspaces.get(id)!);
  const reader = await passing(rig, rig.copy.workspaceLog(id, "latest", rig.signal));
  await passing(rig, reader!.refresh(rig.signal));
  assert.equal(reader?.isOver, false);
  rig.coder.logs.write(second, "Stopping", "done");
  rig.coder.logs.end(second);
  rig.coder.proceed(id);
  rig.coder.proceed(id);
  await rig.clock.advance(5_000);
  await passing(rig, reader!.refresh(rig.signal));
  assert.deepEqual([reader?.isOver, reader?.lines.length], [true, 1]);
});

Deno.test("earlier builds are found by their number, and asked for once", async () => {
  await using rig = copyRig();
  const { id } = built(rig);
  await rig.start();
  const before = rig.coder.workspaces.get(id)!;
  rig.coder.change(id, { latest_build: build({ id: rig.coder.nextId(), build_number: 2 }) });
  rig.coder.logs.begin(rig.coder.workspaces.get(id)!, { job: { status: "succeeded" } });
  await rig.clock.advance(60_000);
  assert.equal(before.latest_build.build_number, 1);
  assert.equal(await textOf(rig, id, 1), "first");
  const asked = rig.coder.count("build");
  assert.equal(await textOf(rig, id, 1), "first");
  assert.equal(rig.coder.count("build"), asked);
  assert.equal(await textOf(rig, id, 2), "");
  assert.equal(await textOf(rig, id, 3), undefined);
});

Deno.test("a build of another workspace of that name is not taken for one of this", async () => {
  await using rig = copyRig();
  const { id } = built(rig);
  rig.coder.change(id, { latest_build: build({ id: rig.coder.nextId(), build_number: 5 }) });
  await rig.start();
  // Renamed, and the name is taken again, before any list says so.
  rig.coder.change(id, { name: "old" });
  const { build: other } = built(rig);
  const asked = rig.coder.count("build");
  assert.equal(await textOf(rig, id, 1), undefined);
  assert.equal(rig.coder.count("build"), asked + 1);
  assert.equal(rig.coder.logs.builds.get(other)?.build_number, 1);
});

Deno.test("a workspace that is not there has no log", async () => {
  await using rig = copyRig();
  const { id } = built(rig);
  await rig.start();
  assert.equal(await textOf(rig, rig.coder.nextId()), undefined);
  rig.coder.workspaces.delete(id);
  assert.equal(await textOf(rig, id), undefined);
});

Deno.test("while Coder is away, logs that are known are still read, and others fail at once", async () => {
  await using rig = copyRig();
  const { id } = built(rig);
  const other = built(rig, "other");
  await rig.start();
  assert.equal(await textOf(rig, id), "first");
  rig.coder.failure = () => connectionRefused();
  await rig.clock.advance(60_000);
  const asked = rig.coder.count("log");
  assert.equal(await textOf(rig, id), "first");
  await assert.rejects(textOf(rig, other.id), /nobody listens/);
  assert.equal(rig.coder.count("log"), asked);
});

Deno.test("a look that fails does not hide what is known", async () => {
  await using rig = copyRig();
  const { id } = built(rig);
  await rig.start();
  rig.coder.failure = (request) => request === "workspace" ? connectionRefused() : undefined;
  assert.equal(await textOf(rig, id), "first");
});

Deno.test("who asks for builds without end is refused, and Coder is spared", async () => {
  await using rig = copyRig();
  const { id } = built(rig);
  await rig.start();
  rig.coder.change(id, { latest_build: build({ id: rig.coder.nextId(), build_number: 100 }) });
  await rig.clock.advance(60_000);
  const calls = Array.from({ length: 60 }, (_, index) => rig.copy.workspaceLog(id, index + 1, rig.signal));
  const all = Promise.allSettled(calls);
  await rig.clock.advance(500);
  const refused = (await all).filter((one) => one.status === "rejected");
  assert.ok(refused.length >= 25 && refused.every(({ reason }) => reason instanceof TooManyLogsError));
  assert.ok(rig.coder.count("build") <= 35);
});

Deno.test("the log of a template is that of its active version", async () => {
  await using rig = copyRig();
  const template = rig.coder.addTemplate("docker");
  rig.coder.logs.versions.set(template.active_version_id, "succeeded");
  rig.coder.logs.write(template.active_version_id, "Parsing", "fine");
  await rig.start();
  const reader = rig.copy.templateLog(rig.copy.template(template.id)!);
  await passing(rig, reader.refresh(rig.signal));
  assert.deepEqual([reader.lines.map(({ output }) => output), reader.isOver], [["fine"], true]);
});
