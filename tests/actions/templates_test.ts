import assert from "node:assert/strict";
import { type ArchiveEntry, contentHash, newFile, readTar } from "../../src/archive/mod.ts";
import { ActionError } from "../../src/actions/error.ts";
import { brokenTemplate, plainTemplate, sharedCoderd, uniqueName } from "../coder/mod.ts";
import { waitFor } from "../cluster/wait.ts";
import { startTemplateRig, type TemplateRig } from "./template_rig.ts";

const BINARY = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0xff, 0x00]);
const LONG = `${"directory/".repeat(24)}${"ä".repeat(60)}.txt`;

async function start() {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  return { coderd, token, rig: startTemplateRig({ url: coderd.url, token }) };
}

const modes = (all: readonly ArchiveEntry[]) =>
  all.filter(({ kind }) => kind === "file").map(({ path, mode }) => [path, mode]);

/** What is in the active version of a template. */
async function contentOf(rig: TemplateRig, id: string) {
  const { active_version_id } = await rig.client.templates.get(id);
  const { job } = await rig.client.templates.version(active_version_id);
  return [...readTar(await rig.client.templates.file(job.file_id))];
}

Deno.test("a template is made of files, binary ones and programs among them, as Terraform sees them", async () => {
  const { rig: started } = await start();
  await using rig = started;
  // Terraform itself looks: the import fails unless all is there as it was sent.
  const check = `locals {
  seen = [filebase64("logo.png"), file("${LONG}"), file("run.sh")]
}
resource "terraform_data" "check" {
  input = local.seen
  lifecycle {
    precondition {
      condition     = local.seen == ["${BINARY.toBase64()}", "far", "#!/bin/sh\\nexit 0\\n"]
      error_message = "the files are not what was sent"
    }
  }
}
`;
  const entries = [
    newFile("main.tf", plainTemplate()["main.tf"]! + check),
    newFile("run.sh", "#!/bin/sh\nexit 0\n", 0o755),
    newFile("logo.png", BINARY),
    newFile(LONG, "far"),
  ];
  const name = uniqueName("made");
  const { template, files } = await rig.actions.create(
    { organization: "default", name, entries, settings: { display_name: "Made" } },
    rig.request(),
  );
  assert.ok(template);
  assert.deepEqual([files.state, template.name, template.display_name], ["promoted", name, "Made"]);
  const content = await contentOf(rig, template.id);
  assert.equal(contentHash(content), contentHash(entries));
  assert.deepEqual(modes(content), modes(entries));
  assert.ok(content.every(({ mtime }) => new Date(mtime * 1_000).getUTCFullYear() === 1980));
  await assert.rejects(
    rig.actions.create(
      { organization: "default", name: name.toUpperCase(), files: plainTemplate() },
      rig.request(),
    ),
    (error) => error instanceof ActionError && error.reason === "exists",
  );
  // A change of text files keeps what is no text, and modes.
  const changed = {
    "main.tf": plainTemplate()["main.tf"]! + check,
    "run.sh": "#!/bin/sh\nexit 0\n",
    [LONG]: "far",
    "new.txt": "1",
  };
  const update = await rig.actions.update(await rig.template(template.id), { files: changed }, rig.request());
  assert.equal(update.files?.state, "building");
  await rig.actions.idle();
  assert.deepEqual(rig.progress.map(({ is }) => is), ["promoted"]);
  const after = await contentOf(rig, template.id);
  assert.deepEqual(modes(after), [...modes(entries), ["new.txt", 0o644]]);
  assert.deepEqual(after.find(({ path }) => path === "logo.png")?.content, BINARY);
  assert.equal(rig.observed.at(-1)?.active_version_id, (await rig.template(template.id)).active_version_id);
});

Deno.test("the same content is neither downloaded nor built again, and a metadata update takes two calls", async () => {
  const { rig: started } = await start();
  await using rig = started;
  const large = {
    ...plainTemplate(),
    ...Object.fromEntries([1, 2, 3].map((n) => [`${n}.txt`, `${n}`.repeat(1_300_000)])),
  };
  const { template } = await rig.actions.create(
    { organization: "default", name: uniqueName("same"), files: large },
    rig.request(),
  );
  assert.ok(template);
  const ref = await rig.template(template.id);
  rig.since();
  const unchanged = await rig.actions.update(ref, { files: large }, rig.request());
  assert.equal(unchanged.files?.state, "unchanged");
  assert.deepEqual(rig.since(), ["GET /templates/…", "GET /templateversions/…"]);
  await assert.rejects(
    rig.actions.update(ref, { files: { ...large, "./main.tf": "", "/etc/passwd": "" } }, rig.request()),
    (error) => error instanceof ActionError && error.causes.length === 2,
  );
  assert.deepEqual(rig.since(), []);
  const described = await rig.actions.update(ref, { settings: { description: "Described" } }, rig.request());
  assert.deepEqual(described.changed, ["description"]);
  assert.deepEqual(rig.since(), ["GET /templates/…", "PATCH /templates/…"]);
  await rig.actions.update(ref, { settings: { description: "Described" }, files: large }, rig.request());
  assert.deepEqual(rig.since(), ["GET /templates/…", "GET /templateversions/…"]);
  await rig.actions.update(ref, { settings: { description: "Again" }, files: large }, rig.request());
  assert.deepEqual(rig.since(), ["GET /templates/…", "GET /templateversions/…", "PATCH /templates/…"]);
});

Deno.test("a metadata update resets nothing", async () => {
  const { coderd, token, rig: started } = await start();
  await using rig = started;
  const { id } = await coderd.createTemplate({
    files: plainTemplate(),
    fields: {
      display_name: "Before",
      description: "before",
      icon: "/icon/docker.svg",
      default_ttl_ms: 7_200_000,
      activity_bump_ms: 1_800_000,
      allow_user_cancel_workspace_jobs: true,
      cors_behavior: "passthru",
    },
  });
  const read = () => coderd.request("GET", `/api/v2/templates/${id}`, { token });
  const before = await read();
  assert.deepEqual([before.default_ttl_ms, before.activity_bump_ms], [7_200_000, 1_800_000]);
  const settings = { display_name: "After", icon: "" };
  const { changed, template } = await rig.actions.update(await rig.template(id), { settings }, rig.request());
  assert.deepEqual(changed, ["display_name", "icon"]);
  const after = await read();
  const { updated_at: _, build_time_stats: __, active_user_count: ___, ...rest } = after;
  const { updated_at: moved, build_time_stats: ____, active_user_count: _____, ...was } = before;
  assert.deepEqual(rest, { ...was, ...settings });
  assert.notEqual(after.updated_at, moved);
  assert.equal(template?.display_name, "After");
  // What only a licence covers is dropped by Coder without a word, and told.
  const dropped = await rig.actions.update(
    await rig.template(id),
    { settings: { failure_ttl_ms: 60_000 } },
    rig.request(),
  );
  assert.deepEqual([dropped.changed, dropped.dropped], [[], ["failure_ttl_ms"]]);
  await assert.rejects(
    rig.actions.update(await rig.template(id), { settings: { description: "x".repeat(129) } }, rig.request()),
    /longer than 128/,
  );
});

Deno.test("a version that cannot be imported is not promoted, and its log is told", async () => {
  const { rig: started } = await start();
  await using rig = started;
  const name = uniqueName("broken");
  await assert.rejects(
    rig.actions.create({ organization: "default", name, files: brokenTemplate() }, rig.request()),
    (error) => error instanceof ActionError && error.reason === "invalid" && /main\.tf/.test(error.message),
  );
  assert.equal(await rig.client.templates.find("default", name), undefined);
  const { template } = await rig.actions.create(
    { organization: "default", name, files: plainTemplate() },
    rig.request(),
  );
  const ref = await rig.template(template!.id);
  const bad = { "main.tf": 'resource "terraform_data" "x" {\n  input = file("nowhere.txt")\n}\n' };
  await rig.actions.update(ref, { files: bad, settings: { description: "mine" } }, rig.request());
  await rig.actions.idle();
  assert.deepEqual(rig.progress.map(({ is }) => is), ["failed"]);
  const condition = await rig.actions.condition(ref.id, rig.request().signal);
  assert.deepEqual([condition?.status, condition?.reason], ["False", "BuildFailed"]);
  assert.match(condition?.message ?? "", /nowhere\.txt/);
  assert.equal((await rig.template(ref.id)).active_version_id, ref.active_version_id);
  // Applied again, it is not built again, by no replica; what was there before is no change.
  rig.since();
  const again = await rig.replica().update(ref, { files: bad }, rig.request());
  assert.equal(again.files?.state, "failed");
  assert.ok(rig.since().every((line) => line.startsWith("GET ")));
  assert.equal(
    (await rig.actions.update(ref, { files: plainTemplate() }, rig.request())).files?.state,
    "unchanged",
  );
  assert.equal(await rig.actions.condition(ref.id, rig.request().signal), undefined);
  // The version itself tells, too, where nothing is on record any more.
  const told = await rig.actions.update(ref, { files: bad }, rig.request());
  assert.ok(told.files?.state === "failed" && told.files.failure.log.join().includes("nowhere.txt"));
  const retried = await rig.actions.update(ref, { files: bad, retry: true }, rig.request());
  assert.ok(retried.files?.state === "building" && retried.files.name.endsWith("-2"));
  await rig.actions.idle();
});

Deno.test("after a crash between upload and version, another replica makes the version and promotes it", async () => {
  const { rig: started } = await start();
  await using rig = started;
  const { template } = await rig.actions.create(
    { organization: "default", name: uniqueName("crash"), files: plainTemplate() },
    rig.request(),
  );
  const ref = await rig.template(template!.id);
  const crashed = rig.replica();
  // Closed at once, it follows nothing: the change is on record, its version is not made.
  await crashed.close();
  const files = { ...plainTemplate(), "a.txt": "1" };
  const { files: state } = await crashed.update(ref, { files }, rig.request());
  assert.ok(state?.state === "building" && state.version === undefined);
  assert.equal(await rig.client.templates.versionNamed(ref.id, state.name), undefined);
  await rig.actions.resume(rig.request().signal);
  await rig.actions.idle();
  const { active_version_id } = await rig.template(ref.id);
  assert.equal((await rig.client.templates.version(active_version_id)).name, state.name);
  assert.deepEqual(await rig.store.list(), []);
});

Deno.test("after a crash between version and promotion, any number of replicas promote that very version", async () => {
  const { coderd, token, rig: started } = await start();
  await using rig = started;
  const { template } = await rig.actions.create(
    { organization: "default", name: uniqueName("crash"), files: plainTemplate() },
    rig.request(),
  );
  const ref = await rig.template(template!.id);
  const crashed = rig.replica();
  const files = { ...plainTemplate(), "a.txt": "1" };
  const { files: state } = await crashed.update(ref, { files }, rig.request());
  assert.ok(state?.state === "building");
  await waitFor(async () => (await rig.client.templates.versionNamed(ref.id, state.name))?.id, {
    what: "the version",
  });
  await crashed.close();
  const replicas = [rig.replica(), rig.replica(), rig.replica()];
  await Promise.all(replicas.map((one) => one.resume(rig.request().signal)));
  // Whoever applies the same meanwhile builds nothing.
  const again = await replicas[0]!.update(ref, { files }, rig.request());
  assert.ok(
    again.files?.state === "building" || again.files?.state === "unchanged",
    JSON.stringify(again.files),
  );
  await Promise.all(replicas.map((one) => one.idle()));
  const versions: { name: string }[] = await coderd.request("GET", `/api/v2/templates/${ref.id}/versions`, {
    token,
  });
  assert.equal(versions.length, 2);
  const { active_version_id } = await rig.template(ref.id);
  assert.equal((await rig.client.templates.version(active_version_id)).name, state.name);
  assert.deepEqual(await rig.store.list(), []);
});

Deno.test("an older version becomes the active one again, and its content is not built again", async () => {
  const { rig: started } = await start();
  await using rig = started;
  const { template } = await rig.actions.create(
    { organization: "default", name: uniqueName("back"), files: plainTemplate() },
    rig.request(),
  );
  const first = await rig.template(template!.id);
  const files = { ...plainTemplate(), "a.txt": "1" };
  await rig.actions.update(first, { files }, rig.request());
  await rig.actions.idle();
  const second = await rig.template(first.id);
  assert.notEqual(second.active_version_id, first.active_version_id);
  const back = await rig.actions.update(second, { versionId: first.active_version_id }, rig.request());
  assert.deepEqual(back.files, { state: "promoted", version: first.active_version_id });
  // Forth again, by content: the version is there.
  rig.since();
  await rig.actions.update(first, { files }, rig.request());
  await rig.actions.idle();
  assert.ok(!rig.since().some((line) => line.startsWith("POST ")));
  assert.equal((await rig.template(first.id)).active_version_id, second.active_version_id);
  await assert.rejects(
    rig.actions.update(second, { versionId: crypto.randomUUID() }, rig.request()),
    (error) =>
      error instanceof ActionError && error.reason === "invalid" && /is not there/.test(error.message),
  );
});

Deno.test("a template with workspaces is not deleted, and says why; one without is, once", async () => {
  const { coderd, rig: started } = await start();
  await using rig = started;
  const made = await coderd.createTemplate({ files: plainTemplate() });
  const workspace = await coderd.createWorkspace({ template: made });
  const ref = await rig.template(made.id);
  await assert.rejects(
    rig.actions.delete(ref, rig.request()),
    (error) =>
      error instanceof ActionError && error.reason === "conflict" && /has workspaces/.test(error.message),
  );
  await coderd.buildWorkspace(workspace.id, "delete");
  await rig.actions.delete(ref, rig.request({ dryRun: true }));
  assert.equal((await rig.template(made.id)).id, made.id);
  await rig.actions.delete(ref, rig.request());
  await assert.rejects(
    rig.actions.delete(ref, rig.request()),
    (error) => error instanceof ActionError && error.reason === "missing",
  );
  assert.deepEqual(rig.audit.map(({ action, result, by }) => [action, result, by]), [
    ["delete template", "refused", "alice"],
    ["delete template", "done", "alice"],
    ["delete template", "refused", "alice"],
  ]);
});
