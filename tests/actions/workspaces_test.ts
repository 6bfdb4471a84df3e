/** Actions on the coderd that all tests share, with real builds by Terraform, and a live copy beside them. */
import assert from "node:assert/strict";
import {
  ActionError,
  type AuditEntry,
  createWorkspaceActions,
  Keeper,
  MemoryWishStore,
  Turns,
} from "../../src/actions/mod.ts";
import { createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { createDeploymentCopy, type Workspace } from "../../src/inventory/mod.ts";
import { waitFor } from "../cluster/mod.ts";
import { agentTemplate, plainTemplate, sharedCoderd, uniqueName } from "../coder/mod.ts";

interface Build {
  build_number: number;
  transition: string;
  status: string;
  template_version_id: string;
}

async function setUp() {
  const coderd = await sharedCoderd();
  const { token, username } = await coderd.firstUser();
  const transport = createTransport({ url: coderd.url });
  const client = createCoderClient({ transport, token });
  const end = new AbortController();
  const { signal } = end;
  const audit: AuditEntry[] = [];
  const copy = createDeploymentCopy({
    source: { open: () => Promise.resolve(client), refused() {} },
    listener: { workspace() {}, template() {}, complete() {}, addresses() {} },
  });
  const world = {
    open: () => Promise.resolve(client),
    store: new MemoryWishStore(),
    copy,
    audit: { write: (entry: AuditEntry) => void audit.push(entry) },
    now: Date.now,
    newId: () => crypto.randomUUID(),
  };
  const turns = new Turns();
  const actions = createWorkspaceActions(world, turns);
  const keeper = new Keeper({ world, turns, everyMs: 100 });
  const running = Promise.all([copy.run(signal), keeper.run(signal)]);
  const owner = { id: (await client.users.me()).id, name: username };
  return {
    coderd,
    client,
    actions,
    audit,
    copy,
    owner,
    store: world.store,
    as: { by: "jane", signal },
    get: (id: string) => client.workspaces.get(id),
    /** `start running, stop stopped`, the oldest first. */
    async builds(id: string): Promise<string> {
      const list: Build[] = await coderd.request("GET", `/api/v2/workspaces/${id}/builds`, { token });
      return list.sort((a, b) => a.build_number - b.build_number)
        .map(({ transition, status }) => `${transition} ${status}`).join(", ");
    },
    /** Waits until the workspace is at rest with nothing wished of it any more; how it is then. */
    async rests(id: string): Promise<string> {
      return await waitFor(async () => {
        const wishes = await world.store.list();
        if (wishes.some(({ record }) => record.workspace === id)) throw new Error("a wish is kept");
        const { latest_build: { status } } = await client.workspaces.get(id, { includeDeleted: true });
        if (/ing$/.test(status) && status !== "running") throw new Error(status);
        return status;
      }, { timeoutMs: 120_000, intervalMs: 300, what: `workspace ${id} to be at rest` });
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await running;
      transport.close();
    },
  };
}

const isRefused = (reason: string) => (error: unknown) =>
  error instanceof ActionError && error.reason === reason;

Deno.test("on a real Coder a workspace is created, stopped and started again and again without a build too many", async () => {
  await using t = await setUp();
  const template = await t.coderd.createTemplate({ files: plainTemplate() });
  const creation = {
    name: uniqueName("ws"),
    owner: t.owner,
    source: { templateId: template.id },
    ttlMs: 3_600_000,
    autostart: "CRON_TZ=Europe/Berlin 30 9 * * 1-5",
  };
  const made = await t.actions.create(creation, t.as);
  const { id } = made.workspace!;
  assert.equal(t.copy.workspace(id)?.ttl_ms, 3_600_000);
  await assert.rejects(t.actions.create(creation, t.as), isRefused("exists"));
  // While it is started.
  for (let i = 0; i < 3; i++) await t.actions.change(id, { running: true }, t.as);
  assert.equal(await t.rests(id), "running");
  await Promise.all([1, 2, 3, 4].map(() => t.actions.change(id, { running: false }, t.as)));
  assert.equal(await t.rests(id), "stopped");
  await t.actions.change(id, { running: false }, t.as);
  await t.actions.change(id, { running: true }, t.as);
  assert.equal(await t.rests(id), "running");
  assert.equal(await t.builds(id), "start running, stop stopped, start running");
  await Promise.all([1, 2].map(() => t.actions.remove(id, {}, t.as)));
  assert.equal(await t.rests(id), "deleted");
  await assert.rejects(t.actions.remove(id, {}, t.as), isRefused("missing"));
  assert.equal(await t.builds(id), "start running, stop stopped, start running, delete deleted");
  assert.ok(t.audit.every(({ by }) => by === "jane"));
});

Deno.test("on a real Coder a workspace that is created not to run ends stopped", async () => {
  await using t = await setUp();
  const template = await t.coderd.createTemplate({ files: plainTemplate({ seconds: 1 }) });
  const made = await t.actions.create({
    name: uniqueName("ws"),
    owner: t.owner,
    source: { templateId: template.id },
    running: false,
  }, t.as);
  const { id } = made.workspace!;
  assert.equal(made.state, "kept");
  assert.equal((await t.actions.pending(made.workspace!, t.as.signal))?.wish.want.running, false);
  assert.equal(await t.rests(id), "stopped");
  assert.equal(await t.builds(id), "start running, stop stopped");
});

Deno.test("on a real Coder a stop during a start comes after it, and a deletion during a build after that", async () => {
  await using t = await setUp();
  const template = await t.coderd.createTemplate({ files: plainTemplate({ seconds: 1 }) });
  const { id } = await t.coderd.createWorkspace({ template, noWait: true });
  assert.equal((await t.actions.change(id, { running: false }, t.as)).state, "kept");
  assert.equal(await t.rests(id), "stopped");
  await t.actions.change(id, { running: true }, t.as);
  assert.equal((await t.actions.remove(id, {}, t.as)).state, "kept");
  assert.equal((await t.actions.remove(id, {}, t.as)).state, "kept");
  assert.equal(await t.rests(id), "deleted");
  assert.equal(await t.builds(id), "start running, stop stopped, start running, delete deleted");
});

Deno.test("on a real Coder a build that failed is tried again when somebody asks", async () => {
  await using t = await setUp();
  const dir = await Deno.makeTempDir();
  try {
    const files = {
      "main.tf": `resource "terraform_data" "x" {
  input = plantimestamp()
  triggers_replace = [plantimestamp()]
  provisioner "local-exec" {
    command = "test -e ${dir}/works"
  }
}
`,
    };
    const template = await t.coderd.createTemplate({ files });
    const made = await t.actions.create(
      { name: uniqueName("ws"), owner: t.owner, source: { templateId: template.id } },
      t.as,
    );
    const { id } = made.workspace!;
    assert.equal(await t.rests(id), "failed");
    await t.actions.change(id, { ttlMs: 60_000 }, t.as);
    assert.equal(await t.rests(id), "failed");
    await Deno.writeTextFile(`${dir}/works`, "");
    await t.actions.change(id, { running: true }, t.as);
    assert.equal(await t.rests(id), "running");
    assert.equal(await t.builds(id), "start failed, start running");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("on a real Coder another version is built of what runs and of what does not, and both stay so", async () => {
  await using t = await setUp();
  const template = await t.coderd.createTemplate({ files: plainTemplate() });
  const { id } = await t.coderd.createWorkspace({ template });
  const version = await t.coderd.importVersion({ files: plainTemplate({ seconds: 0 }), template });
  await t.actions.change(id, { version }, t.as);
  assert.equal(await t.rests(id), "running");
  assert.equal((await t.get(id)).latest_build.template_version_id, version);
  assert.equal(await t.builds(id), "start running, stop stopped, start running");
  await t.actions.change(id, { running: false }, t.as);
  assert.equal(await t.rests(id), "stopped");
  await t.actions.change(id, { version: template.active_version_id }, t.as);
  assert.equal(await t.rests(id), "stopped");
  assert.equal((await t.get(id)).latest_build.template_version_id, template.active_version_id);
  const other = await t.coderd.createTemplate({ files: plainTemplate({ seconds: 0 }) });
  const foreign = t.actions.change(id, { version: other.active_version_id }, t.as);
  await assert.rejects(foreign, isRefused("invalid"));
  await t.actions.change(id, { restart: true }, t.as);
  assert.equal(await t.rests(id), "running");
});

Deno.test("on a real Coder parameters are checked, built and kept", async () => {
  await using t = await setUp();
  const more = `
data "coder_parameter" "size" {
  name    = "size"
  type    = "number"
  default = 1
  mutable = true
  validation {
    min = 1
    max = 9
  }
}

data "coder_parameter" "region" {
  name    = "region"
  type    = "string"
  default = "eu"
  mutable = false
  option {
    name  = "Europe"
    value = "eu"
  }
  option {
    name  = "America"
    value = "us"
  }
}

data "coder_workspace_preset" "large" {
  name       = "large"
  parameters = { size = "9" }
}
`;
  const version = t.coderd.state.tools.providerVersion;
  const agent = agentTemplate({ providerVersion: version, more });
  // Without the agent, whose processes are none of this test's.
  const files = {
    "main.tf": agent["main.tf"]!.replace(/resource "coder_agent"[\s\S]*?\n}\n/, "")
      .replace(
        /resource "terraform_data" "agent"[\s\S]*?\n}\n\n?(?=\ndata)/,
        'resource "terraform_data" "x" {}\n',
      ),
  };
  const template = await t.coderd.createTemplate({ files });
  const [preset] = await t.client.templateInputs.presets(template.active_version_id);
  assert.deepEqual([preset?.name, preset?.parameters], ["large", [{ name: "size", value: "9" }]]);
  const creation = { name: uniqueName("ws"), owner: t.owner, source: { templateId: template.id } };
  const wrong = t.actions.create({ ...creation, parameters: [{ name: "region", value: "mars" }] }, t.as);
  await assert.rejects(wrong, isRefused("invalid"));
  const made = await t.actions.create(
    { ...creation, parameters: [{ name: "region", value: "us" }], presetId: preset!.id },
    t.as,
  );
  const { id } = made.workspace!;
  await t.rests(id);
  const values = async () => {
    const list = await t.client.workspaceChanges.buildParameters((await t.get(id)).latest_build.id);
    return Object.fromEntries(list.map(({ name, value }) => [name, value]));
  };
  assert.deepEqual(await values(), { size: "9", region: "us" });
  await assert.rejects(
    t.actions.change(id, { parameters: [{ name: "size", value: "10" }] }, t.as),
    isRefused("invalid"),
  );
  await assert.rejects(
    t.actions.change(id, { parameters: [{ name: "region", value: "eu" }] }, t.as),
    isRefused("invalid"),
  );
  await t.actions.change(id, { parameters: [{ name: "size", value: "9" }] }, t.as);
  assert.equal(await t.builds(id), "start running");
  await t.actions.change(id, { parameters: [{ name: "size", value: "2" }] }, t.as);
  assert.equal(await t.rests(id), "running");
  assert.deepEqual(await values(), { size: "2", region: "us" });
  assert.equal(await t.builds(id), "start running, stop stopped, start running");
  const dryRun = await t.client.templateInputs.dryRun(template.active_version_id, {
    workspaceName: "dry",
    parameters: [{ name: "size", value: "3" }],
  });
  const over = await waitFor(async () => {
    const state = await t.client.templateInputs.dryRunState(template.active_version_id, dryRun.id);
    if (["pending", "running"].includes(state.status)) throw new Error(state.status);
    return state;
  }, { timeoutMs: 60_000, intervalMs: 100, what: "the dry run to end" });
  assert.equal(over.status, "succeeded");
  const planned = await t.client.templateInputs.dryRunResources(template.active_version_id, dryRun.id);
  assert.deepEqual(planned.map(({ type }) => type), ["terraform_data"]);
  await t.actions.remove(id, {}, t.as);
  assert.equal(await t.rests(id), "deleted");
});

Deno.test("on a real Coder settings are changed at any time, and show at once", async () => {
  await using t = await setUp();
  const template = await t.coderd.createTemplate({ files: plainTemplate({ seconds: 2 }) });
  const { id } = await t.coderd.createWorkspace({ template, noWait: true });
  const change = {
    ttlMs: 7_200_000,
    autostart: "CRON_TZ=UTC 0 8 * * *",
    automaticUpdates: "always" as const,
  };
  const changed = await t.actions.change(id, change, t.as);
  const shown = (workspace: Workspace | undefined) => [
    workspace?.ttl_ms ?? null,
    workspace?.autostart_schedule ?? null,
    workspace?.automatic_updates,
  ];
  assert.deepEqual(shown(changed.workspace), [7_200_000, "CRON_TZ=UTC 0 8 * * *", "always"]);
  assert.deepEqual(shown(t.copy.workspace(id)), shown(changed.workspace));
  await t.actions.change(id, { ttlMs: null, autostart: null, automaticUpdates: "never" }, t.as);
  assert.deepEqual(shown(t.copy.workspace(id)), [null, null, "never"]);
  await assert.rejects(t.actions.change(id, { ttlMs: 59_999 }, t.as), isRefused("invalid"));
  await assert.rejects(
    t.actions.change(id, { autostart: "CRON_TZ=Mars/X 0 8 * * *" }, t.as),
    /unknown time zone/,
  );
  assert.equal(await t.rests(id), "running");
  const dormant = await t.actions.change(id, { dormant: true }, t.as);
  assert.equal(typeof dormant.workspace?.dormant_at, "string");
  await t.actions.change(id, { dormant: false }, t.as);
  assert.equal(t.copy.workspace(id)?.dormant_at ?? null, null);
  assert.equal(await t.client.workspaceChanges.autostartLacksParameters(id), false);
  assert.equal(await t.builds(id), "start running");
});

Deno.test("on a real Coder a build is cancelled, and what was wished meanwhile comes after it", async () => {
  await using t = await setUp();
  const template = await t.coderd.createTemplate({ files: plainTemplate({ seconds: 8 }) });
  const { id } = await t.coderd.createWorkspace({ template, noWait: true });
  assert.equal((await t.actions.change(id, { running: false }, t.as)).state, "kept");
  await waitFor(async () => (await t.get(id)).latest_build.status === "starting", {
    timeoutMs: 30_000,
    intervalMs: 200,
    what: "the build to begin",
  });
  await t.actions.cancel(id, t.as);
  assert.equal(await t.rests(id), "stopped");
  assert.equal(await t.builds(id), "start failed, stop stopped");
  await assert.rejects(t.actions.cancel(id, t.as), isRefused("conflict"));
});
