import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import {
  addLogLine,
  addTemplate,
  addVersion,
  addWorkspace,
  beginBuild,
  endBuild,
  htmlPage,
  pickUpBuild,
  tooManyRequests,
} from "../../tests/fake-coder/mod.ts";
import { isJobOver } from "./builds.ts";

const LOGS = "/api/v2/workspacebuilds/{build}/logs";
const outputs = ({ items }: { items: readonly { output: string }[] }) => items.map(({ output }) => output);

Deno.test("the log of a build is read whole, behind a line and before a line", async () => {
  await using rig = await startClientRig();
  const { latest_build } = addWorkspace(rig.fake.state, rig.owner, "a");
  for (const text of ["", "one", "two", "three"]) {
    addLogLine(rig.fake.state, latest_build.id, "Planning", text);
  }
  const log = await rig.client.builds.log(latest_build.id);
  assert.deepEqual(outputs(log), ["", "one", "two", "three"]);
  const [first, , , last] = log.items;
  assert.deepEqual([first?.stage, first?.log_level], ["Planning", "info"]);
  const range = { after: first?.id, before: last?.id };
  assert.deepEqual(outputs(await rig.client.builds.log(latest_build.id, range)), ["one", "two"]);
  assert.deepEqual(outputs(await rig.client.builds.log(latest_build.id, { after: last?.id })), []);
});

Deno.test("the state of a build is read by its id, and by its number", async () => {
  await using rig = await startClientRig();
  const { state } = rig.fake;
  const workspace = addWorkspace(state, rig.owner, "a");
  const first = workspace.latest_build.id;
  beginBuild(state, workspace, "stop");
  pickUpBuild(state, workspace);
  const second = workspace.latest_build.id;
  const { builds } = rig.client;
  assert.equal((await builds.get(second)).job.status, "running");
  endBuild(state, workspace);
  assert.equal((await builds.get(second)).job.status, "succeeded");
  const found = await builds.find("admin", "a", 1);
  assert.deepEqual([found?.id, found?.workspace_id], [first, workspace.id]);
  assert.equal((await builds.find("admin", "a", 2))?.id, second);
  assert.equal(await builds.find("admin", "a", 3), undefined);
  assert.equal(await builds.find("admin", "b", 1), undefined);
});

Deno.test("the log of a version's import is read in the same way", async () => {
  await using rig = await startClientRig();
  const { state } = rig.fake;
  const version = addVersion(state, addTemplate(state, "docker"), new Uint8Array());
  addLogLine(state, version, "Setting up", "");
  addLogLine(state, version, "Parsing", "done", "warn");
  const { items } = await rig.client.builds.versionLog(version);
  assert.deepEqual(items.map(({ stage, log_level }) => `${stage} ${log_level}`), [
    "Setting up info",
    "Parsing warn",
  ]);
  assert.deepEqual(outputs(await rig.client.builds.versionLog(version, { after: items[0]?.id })), ["done"]);
});

Deno.test("a line that cannot be read hides no other", async () => {
  await using rig = await startClientRig();
  const { id } = addWorkspace(rig.fake.state, rig.owner, "a").latest_build;
  for (const text of ["one", "two"]) addLogLine(rig.fake.state, id, "Planning", text);
  const lines = rig.fake.state.logs.get(id) ?? [];
  const foreign = [
    { ...lines[0], id: 1.5 },
    { ...lines[0], id: -1 },
    { ...lines[0], created_at: "yesterday" },
    { ...lines[0], output: { text: 1 } },
    null,
    "line",
  ];
  lines.push(...foreign as Record<string, unknown>[], { id: 900, created_at: "2026-01-01T00:00:00Z" });
  rig.fake.faults.add({ route: LOGS, action: { do: "body", body: JSON.stringify(lines) } });
  const { items, problems } = await rig.client.builds.log(id);
  assert.deepEqual(items.map(({ output }) => output), ["one", "two", ""]);
  assert.equal(problems.length, foreign.length);
});

Deno.test("an empty log may be null, and one that is none at all is told", async () => {
  await using rig = await startClientRig();
  const { id } = addWorkspace(rig.fake.state, rig.owner, "a").latest_build;
  rig.fake.faults.add({ route: LOGS, action: { do: "body", body: "null" } });
  assert.deepEqual(await rig.client.builds.log(id), { items: [], problems: [] });
  for (const body of ['{"lines":[]}', '"log"', "[", "<html>"]) {
    rig.fake.faults.add({ route: LOGS, action: { do: "body", body } });
    assert.equal((await failure(rig.client.builds.log(id))).kind, "badResponse", body);
  }
});

Deno.test("refusals of a log are told from pages of proxies, limits and deadlines", async () => {
  await using rig = await startClientRig();
  const { id } = addWorkspace(rig.fake.state, rig.owner, "a").latest_build;
  const missing = await failure(rig.client.builds.log(crypto.randomUUID()));
  assert.equal(missing.kind, "notFound");
  rig.fake.faults.add({ route: LOGS, action: htmlPage(404, "Not Found") });
  assert.equal((await failure(rig.client.builds.log(id))).kind, "unavailable");
  rig.fake.faults.add({ route: LOGS, action: { do: "hang" } });
  assert.equal((await failure(rig.client.builds.log(id, {}, { timeoutMs: 50 }))).reason, "timeout");
  const end = new AbortController();
  rig.fake.faults.add({ route: LOGS, action: { do: "hang" } });
  const ended = failure(rig.client.builds.log(id, {}, { signal: end.signal }));
  end.abort();
  assert.equal((await ended).kind, "aborted");
  // The call may have ended before it was sent.
  rig.fake.faults.clear();
  rig.fake.faults.add({ route: LOGS, action: tooManyRequests(3) });
  assert.equal((await failure(rig.client.builds.log(id))).kind, "rateLimited");
});

Deno.test("jobs are over when they succeeded, failed or were cancelled, and in no other state", () => {
  for (const status of ["succeeded", "failed", "canceled"]) assert.equal(isJobOver(status), true);
  for (const status of ["pending", "running", "canceling", "unknown", "", "new"]) {
    assert.equal(isJobOver(status), false);
  }
});
