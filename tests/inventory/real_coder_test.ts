import assert from "node:assert/strict";
import { settingsOf } from "../../src/aggregated/convert/template.ts";
import { workspaceDefinition } from "../../src/api/workspace.ts";
import { createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { agentTemplate, plainTemplate, sharedCoderd, uniqueName } from "../coder/mod.ts";
import { waitFor } from "../cluster/wait.ts";
import { startRealRig } from "./real_rig.ts";

/** Lists come the less often the longer Coder takes for them: on a slow machine up to two minutes apart. */
const LISTED = { timeoutMs: 180_000 };

Deno.test("a workspace of a real Coder is seen from its creation to its end", async () => {
  const coderd = await sharedCoderd();
  const { token, username } = await coderd.firstUser();
  const template = await coderd.createTemplate({ files: plainTemplate({ seconds: 2 }) });
  await using rig = await startRealRig({ url: coderd.url, token, pollMs: 2_000 });
  const name = uniqueName("seen");
  const made = await coderd.createWorkspace({ template, name, noWait: true, fields: { ttl_ms: 3_600_000 } });
  const added = await rig.hear(/^ADDED/, name);
  assert.match(added.text, /pending|starting|running/);
  assert.equal(added.object.metadata.uid, made.id);
  assert.equal(added.object.metadata.name, `coder.${username}.${name}`);
  // On a busy machine it is running when it is seen first.
  await rig.hear(/^(ADDED|MODIFIED) running/, name);
  const running = rig.workspace(name)!;
  assert.deepEqual(
    [
      running.spec.running,
      running.spec.ttlMillis,
      running.status.templateName,
      running.status.latestBuild?.number,
    ],
    [true, 3_600_000, template.name, 1],
  );
  assert.ok(running.status.deadline);
  assert.deepEqual(running.status.conditions?.map(({ type, status }) => `${type} ${status}`), [
    "Ready True",
    "Building False",
    "Dormant False",
    "Outdated False",
  ]);
  assert.deepEqual(workspaceDefinition.spec.parse(running.spec), running.spec);
  assert.deepEqual(workspaceDefinition.status.parse(running.status), running.status);
  await coderd.buildWorkspace(made.id, "stop");
  await rig.hear(/^MODIFIED stopped/, name);
  assert.equal(rig.workspace(name)?.spec.running, false);
  await coderd.buildWorkspace(made.id, "delete");
  await rig.hear(/^DELETED/, name);
  assert.equal(rig.workspace(name), undefined);
});

Deno.test("the end of a build is known without any list", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  const template = await coderd.createTemplate({ files: plainTemplate({ seconds: 3 }) });
  // So long that no list can be what tells.
  await using rig = await startRealRig({ url: coderd.url, token, pollMs: 3_600_000 });
  const name = uniqueName("quick");
  const { id } = await coderd.createWorkspace({ template, name, noWait: true });
  const context = rig.context();
  const { username } = await coderd.firstUser();
  const key = { namespace: "lab", name: `coder.${username}.${name}` };
  assert.equal((await rig.workspaces.get(key, context)).metadata.uid, id);
  const { latest_build } = await coderd.workspace(id);
  await coderd.waitForBuild(latest_build.id);
  const over = performance.now();
  const { at } = await rig.hear(/^(ADDED|MODIFIED) running/, name);
  // About a second on a machine that has nothing else to do.
  assert.ok(at - over < 60_000, `${at - over} ms`);
});

Deno.test("changes that move no timestamp are seen all the same", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  const template = await coderd.createTemplate({ files: plainTemplate() });
  const { id, name } = await coderd.createWorkspace({ template });
  await using rig = await startRealRig({ url: coderd.url, token, pollMs: 1_000 });
  const path = `/api/v2/workspaces/${id}`;
  const before = rig.workspace(name)!.metadata.resourceVersion!;
  await coderd.request("PUT", `${path}/ttl`, { token, body: { ttl_ms: 7_200_000 } });
  await waitFor(() => rig.workspace(name)?.spec.ttlMillis === 7_200_000, {
    what: "the time to live",
    ...LISTED,
  });
  const schedule = "CRON_TZ=UTC 30 9 * * 1-5";
  await coderd.request("PUT", `${path}/autostart`, { token, body: { schedule } });
  await waitFor(() => rig.workspace(name)?.spec.autostartSchedule === schedule, {
    what: "the schedule",
    ...LISTED,
  });
  assert.ok(rig.workspace(name)?.status.nextStartAt);
  await coderd.request("PUT", `${path}/dormant`, { token, body: { dormant: true } });
  await waitFor(() => rig.workspace(name)?.status.dormantAt, { what: "dormancy", ...LISTED });
  const version = await coderd.importVersion({ files: plainTemplate({ seconds: 1 }), template });
  await coderd.request("PATCH", `/api/v2/templates/${template.id}/versions`, {
    token,
    body: { id: version },
  });
  await waitFor(() => rig.workspace(name)?.status.outdated, { what: "the newer version", ...LISTED });
  assert.ok(BigInt(rig.workspace(name)!.metadata.resourceVersion!) > BigInt(before));
});

Deno.test("agents make a workspace ready when they are", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  const more = `resource "coder_app" "docs" {
  agent_id     = coder_agent.main.id
  slug         = "docs"
  display_name = "Docs"
  url          = "http://localhost:8080"
}`;
  const template = await coderd.createTemplate({ files: agentTemplate({ more }) });
  await using rig = await startRealRig({ url: coderd.url, token, pollMs: 2_000 });
  const name = uniqueName("agent");
  const { id } = await coderd.createWorkspace({ template, name, noWait: true });
  await waitFor(() => {
    const ready = rig.workspace(name)?.status.conditions?.find(({ type }) => type === "Ready");
    return ready?.status === "True";
  }, { what: "Ready", timeoutMs: 120_000 });
  const { status } = rig.workspace(name)!;
  const [agent] = status.agents ?? [];
  assert.deepEqual(
    [agent?.name, agent?.status, agent?.lifecycleState, agent?.healthy, status.health?.healthy],
    ["main", "connected", "ready", true, true],
  );
  assert.equal(agent?.apps?.[0]?.slug, "docs");
  assert.match(agent?.apps?.[0]?.url ?? "", new RegExp(`/@[^/]+/${name}\\.main/apps/docs/$`));
  assert.deepEqual(workspaceDefinition.status.parse(status), status);
  const reasons = rig.heard.filter(({ object }) => object.metadata.uid === id).flatMap(({ object }) =>
    object.status.conditions?.filter(({ type }) => type === "Ready").map(({ reason }) => reason) ?? []
  );
  assert.ok(!reasons.slice(0, -1).includes("Running"), reasons.join());
  await coderd.buildWorkspace(id, "stop");
  await waitFor(() => rig.workspace(name)?.status.agents === undefined, {
    what: "the end of the agents",
    ...LISTED,
  });
});

Deno.test("a template of a real Coder is listed without its files and read with them", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  const name = uniqueName("read");
  const template = await coderd.createTemplate({
    name,
    files: plainTemplate(),
    fields: { display_name: "Read" },
  });
  await using rig = await startRealRig({ url: coderd.url, token, pollMs: 2_000 });
  const key = { namespace: "lab", name: `coder.${name}` };
  const read = await rig.templates.get(key, rig.context());
  assert.deepEqual(read.spec.files, plainTemplate());
  assert.deepEqual([read.spec.displayName, read.spec.versionID], ["Read", template.active_version_id]);
  const files = () => rig.sent.filter((line) => line.startsWith("GET /api/v2/files/")).length;
  assert.equal(files(), 1);
  await rig.templates.get(key, rig.context());
  assert.equal(files(), 1);
  const version = await coderd.importVersion({ files: { ...plainTemplate(), "x.txt": "1" }, template });
  await coderd.request("PATCH", `/api/v2/templates/${template.id}/versions`, {
    token,
    body: { id: version },
  });
  await waitFor(async () => (await rig.templates.get(key, rig.context())).spec.files?.["x.txt"] === "1", {
    what: "the new file",
    ...LISTED,
  });
  await coderd.request("DELETE", `/api/v2/templates/${template.id}`, { token });
  await waitFor(() => rig.resources.templates.collection.get(key) === undefined, {
    what: "the end of it",
    ...LISTED,
  });
});

Deno.test("jobs of a real Coder name the workspaces that they build", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  const quick = await coderd.createTemplate({ files: plainTemplate() });
  for (let index = 0; index < 3; index++) await coderd.createWorkspace({ template: quick });
  // It is built until it is stopped, so that no machine is too slow to see it.
  const template = await coderd.createTemplate({ files: plainTemplate({ seconds: 600 }) });
  // Pages of two make it a large deployment, where lists are seldom and jobs tell of builds.
  await using rig = await startRealRig({ url: coderd.url, token, pollMs: 12_000, page: 2 });
  const name = uniqueName("job");
  const made = await coderd.createWorkspace({ template, name, noWait: true });
  const path = `/api/v2/organizations/${made.organization_id}/provisionerjobs?status=pending,running`;
  const jobs: { metadata: { workspace_id?: string } }[] = await coderd.request("GET", path, { token });
  assert.ok(jobs.some(({ metadata }) => metadata.workspace_id === made.id), JSON.stringify(jobs));
  const { text } = await rig.hear(/^ADDED/, name, LISTED.timeoutMs);
  assert.match(text, /pending|starting/);
  assert.ok(rig.sent.some((line) => line.endsWith("/provisionerjobs")));
  const { latest_build } = await coderd.workspace(made.id);
  await coderd.request("PATCH", `/api/v2/workspacebuilds/${latest_build.id}/cancel`, { token });
  await rig.hear(/^MODIFIED (canceled|failed)/, name, LISTED.timeoutMs);
});

Deno.test("a template has the same settings in lists, by its name, by its id and in the answer to a change", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  const made = await coderd.createTemplate({ files: plainTemplate() });
  const transport = createTransport({ url: coderd.url });
  using _end = { [Symbol.dispose]: () => transport.close() };
  const { templates, templateChanges } = createCoderClient({ transport, token });
  const { id, name, organization_id, ...before } = await templates.get(made.id);
  const patch = { ...before, name, default_ttl_ms: 7_200_000, activity_bump_ms: 60_000 };
  const { autostop_requirement: _, autostart_requirement: __, ...plain } = patch;
  const changed = await templateChanges.update(id, plain);
  const listed = (await templates.readable()).templates.find((one) => one.id === id);
  assert.deepEqual([listed?.default_ttl_ms, listed?.activity_bump_ms], [7_200_000, 60_000]);
  assert.deepEqual(listed, changed);
  assert.deepEqual(listed, await templates.get(id));
  assert.deepEqual(listed, await templates.find(organization_id, name));
  const { autostartRequirement, ...settings } = settingsOf(listed!);
  assert.equal(autostartRequirement?.daysOfWeek?.length, 7);
  assert.deepEqual(settings, {
    defaultTTLMillis: 7_200_000,
    activityBumpMillis: 60_000,
    autostopRequirement: { daysOfWeek: [], weeks: 1 },
    allowUserAutostart: true,
    allowUserAutostop: true,
    allowUserCancelWorkspaceJobs: before.allow_user_cancel_workspace_jobs,
    failureTTLMillis: 0,
    timeTilDormantMillis: 0,
    timeTilDormantAutoDeleteMillis: 0,
    requireActiveVersion: false,
    deprecationMessage: "",
    maxPortShareLevel: "public",
    corsBehavior: "simple",
    useClassicParameterFlow: false,
  });
});
