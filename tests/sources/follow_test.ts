import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { bytesOf, newFile, writeTar } from "../../src/archive/mod.ts";
import { brokenTemplate, plainTemplate, sharedCoderd, uniqueName } from "../coder/mod.ts";
import { sideBySide } from "../cluster/side_by_side.ts";
import { waitFor } from "../cluster/wait.ts";
import { secretOf } from "./asking.ts";
import { startFollowRig } from "./follow_rig.ts";
import { startGitServer } from "./git_server.ts";
import { startRegistry } from "./registry.ts";
import { newRepository } from "./repository.ts";

/** Terraform that imports, and fails to build a workspace. */
const UNBUILDABLE = {
  "main.tf": `${plainTemplate()["main.tf"]}
resource "terraform_data" "bad" {
  provisioner "local-exec" {
    command = "echo this cannot work; exit 1"
  }
}
`,
};

const within = (folder: string, files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));

async function start() {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  const rig = await startFollowRig({ url: coderd.url, token });
  const repository = await newRepository();
  const server = await startGitServer({ root: repository.root, authorization: "Bearer hunter2" });
  rig.secrets.set("git", secretOf({ bearerToken: "hunter2", "ca.crt": server.ca }));
  const { id, active_version_id: first } = await coderd.createTemplate({
    files: plainTemplate(),
    name: uniqueName("git"),
  });
  rig.backend.copy.observeTemplate(await rig.client.templates.get(id));
  const source = {
    git: { url: server.url, branch: "main", secretRef: { name: "git" } },
    path: "template",
  };
  return {
    coderd,
    token,
    rig,
    repository,
    server,
    id,
    first,
    source,
    push: (files: Record<string, string>, message?: string) =>
      repository.commit(within("template", files), message),
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await repository[Symbol.asyncDispose]();
    },
  };
}

sideBySide("templates follow their sources", {
  async "what is pushed becomes the active version, once, and what cannot be imported does not"() {
    await using all = await start();
    const { rig, id, push, source, server } = all;
    const one = await push({ ...plainTemplate(), "a.txt": "1" }, "First\n\nwith words");
    rig.follow(id, source);
    rig.replica();
    rig.replica();
    await rig.until(id, ({ revision }) => revision === one, "the first commit");
    const first = await rig.active(id);
    assert.notEqual(first, all.first);
    assert.equal(rig.state(id)["versionID"], first);
    assert.match(await rig.message(first), new RegExp(`^${one} First\n`));
    // A commit beside the folder builds nothing.
    const beside = await all.repository.commit({ "README.md": "x" });
    await rig.until(id, ({ revision }) => revision === beside, "the commit beside");
    assert.equal(await rig.active(id), first);
    // Nothing new: looked at, not fetched.
    const posts = () =>
      server.seen.filter((line) => line.includes("POST") && line.includes("git-upload-pack")).length;
    const [seen, checked] = [posts(), rig.state(id)["checkedAt"]];
    await rig.until(id, ({ checkedAt }) => checkedAt !== checked, "another look");
    assert.ok(posts() - seen <= 2);
    const bad = await push(brokenTemplate(), "Broken");
    await rig.until(
      id,
      ({ badRevisions }) => Array.isArray(badRevisions) && badRevisions.includes(bad),
      "the bad one",
    );
    const { problem, revision, phase } = rig.state(id) as
      & { problem: { reason: string; message: string } }
      & Record<string, unknown>;
    assert.deepEqual([problem.reason, revision, phase], ["BuildFailed", beside, undefined]);
    assert.match(problem.message, /The import of version .* failed/);
    assert.equal(rig.records.get(id)?.refusal?.reason, "BuildFailed");
    assert.equal(await rig.active(id), first);
    const good = await push({ ...plainTemplate(), "a.txt": "2" });
    await rig.until(id, ({ revision }) => revision === good, "the good one");
    assert.deepEqual([rig.state(id)["problem"], rig.records.get(id)?.refusal], [undefined, undefined]);
    const promotions = rig.audit.filter(({ calls }) => calls.some(({ call }) => call === "promote version"));
    assert.equal(promotions.length, 2);
    assert.ok(promotions.every(({ by }) => by === `source ${server.url}`));
  },

  async "a version that was chosen by hand stays until the source changes or is asked for"() {
    await using all = await start();
    const { rig, id, push, source } = all;
    const one = await push({ ...plainTemplate(), "a.txt": "1" });
    rig.follow(id, source);
    const { workbench } = rig.replica();
    await rig.until(id, ({ revision }) => revision === one, "the commit");
    const made = await rig.active(id);
    const ref = await rig.client.templates.get(id);
    const by = { by: "alice", signal: new AbortController().signal };
    await workbench.templates.update(ref, { versionId: all.first }, by);
    await rig.until(id, ({ drift }) => drift === true, "the drift");
    const { checkedAt } = rig.state(id);
    await rig.until(id, (state) => state["checkedAt"] !== checkedAt, "another look");
    assert.equal(await rig.active(id), all.first);
    rig.ask(id);
    await rig.until(
      id,
      ({ drift, handledRequest }) => drift === undefined && handledRequest !== undefined,
      "the annotation",
    );
    assert.equal(await rig.active(id), made);
    // Suspended, nothing is looked at anew; a look that had begun may yet end, and has not seen what comes now.
    rig.follow(id, { ...source, suspend: true });
    const two = await push({ ...plainTemplate(), "a.txt": "2" });
    await workbench.templates.update(await rig.client.templates.get(id), { versionId: all.first }, by);
    await rig.until(id, ({ drift }) => drift === true, "the drift while suspended");
    assert.equal(rig.state(id)["revision"], one);
    assert.equal(await rig.active(id), all.first);
    rig.follow(id, source);
    await rig.until(id, ({ revision }) => revision === two, "the next commit");
    assert.equal(rig.state(id)["drift"], undefined);
  },

  async "a version whose workspace cannot be built is not promoted, and no workspace is left"() {
    await using all = await start();
    const { rig, id, push, source } = all;
    const bad = await push(UNBUILDABLE);
    rig.follow(id, { ...source, canary: { timeoutSeconds: 100 } });
    rig.replica();
    await rig.until(
      id,
      ({ badRevisions }) => Array.isArray(badRevisions) && badRevisions.includes(bad),
      "the failure",
    );
    const { reason } = rig.state(id)["problem"] as { reason: string };
    assert.deepEqual([reason, await rig.active(id)], ["CanaryFailed", all.first]);
    const good = await push({ ...plainTemplate(), "a.txt": "good" });
    await rig.until(id, ({ revision }) => revision === good, "the good one");
    assert.notEqual(await rig.active(id), all.first);
    const mine = async () =>
      (await rig.client.workspaces.list({ q: "owner:me" })).workspaces.filter(({ template_id }) =>
        template_id === id
      );
    await waitFor(async () => (await mine()).length === 0, { what: "no workspace", timeoutMs: 150_000 });
    const made = rig.audit.filter(({ action, result }) => action === "create workspace" && result === "done");
    assert.equal(made.length, 2);
  },

  async "whoever is killed in the middle is followed by another replica, which builds nothing twice"() {
    await using all = await start();
    const { rig, id, push, source } = all;
    rig.follow(id, { ...source, canary: {} });
    const kills: [string, (state: Record<string, unknown>) => boolean][] = [
      ["building", ({ phase }) => phase === "Building"],
      ["trying", ({ phase }) => phase === "Canary"],
    ];
    for (const [what, is] of kills) {
      const commit = await push({ ...plainTemplate({ seconds: 1 }), "a.txt": what });
      const killed = rig.replica({ claimMs: 3_000 });
      await rig.until(id, is, what);
      await killed.kill();
      const other = rig.replica({ claimMs: 3_000 });
      await rig.until(id, ({ revision }) => revision === commit, `the end after ${what}`);
      assert.match(await rig.message(await rig.active(id)), new RegExp(`^${commit}`));
      const { workspaces } = await rig.client.workspaces.list({ q: "owner:me" });
      assert.ok(workspaces.filter(({ template_id }) => template_id === id).length <= 1);
      await rig.until(id, ({ leftovers }) => leftovers === undefined || what === "building", "no workspace");
      await other.kill();
    }
    const { versions } = {
      versions: await all.coderd.request("GET", `/api/v2/templates/${id}/versions`, { token: all.token }),
    };
    assert.equal(versions.length, 3);
  },

  async "an artifact that is pushed anew is followed as a branch is"() {
    await using all = await start();
    const { rig, id } = all;
    await using registry = await startRegistry();
    rig.secrets.set("oci", secretOf({ "ca.crt": registry.ca }));
    const push = async (files: Record<string, string>) => {
      const entries = Object.entries(files).map(([path, text]) => newFile(`template/${path}`, text));
      const content = new Uint8Array(gzipSync(new Uint8Array(await bytesOf(writeTar(entries)))));
      return await registry.push("team/docker", "latest", [{
        mediaType: "application/vnd.cncf.flux.content.v1.tar+gzip",
        content,
      }]);
    };
    const first = await push({ ...plainTemplate(), "a.txt": "1" });
    const oci = { url: `oci://${registry.host}/team/docker`, secretRef: { name: "oci" } };
    rig.follow(id, { oci, path: "template" });
    rig.replica();
    await rig.until(id, ({ revision }) => revision === first, "the first artifact");
    const bad = await push(brokenTemplate());
    await rig.until(
      id,
      ({ badRevisions }) => Array.isArray(badRevisions) && badRevisions.includes(bad),
      "the bad one",
    );
    const second = await push({ ...plainTemplate(), "a.txt": "2" });
    await rig.until(id, ({ revision }) => revision === second, "the next one");
    assert.match(await rig.message(await rig.active(id)), new RegExp(`^${second}`));
  },

  async "a version that nobody can start is taken back by itself"() {
    await using all = await start();
    const { coderd, rig, id, push, source } = all;
    const good = await push({ ...plainTemplate(), "a.txt": "good" });
    rig.follow(id, { ...source, rollback: { failedBuilds: 2 } });
    rig.replica();
    await rig.until(id, ({ revision }) => revision === good, "the good one");
    const before = await rig.active(id);
    // Somebody starts it: it is good.
    await coderd.createWorkspace({ template: { id } });
    rig.backend.copy.refresh("workspaces");
    await rig.until(id, ({ lastGoodVersionID }) => lastGoodVersionID === before, "it is good");
    const bad = await push(UNBUILDABLE);
    await rig.until(id, ({ revision }) => revision === bad, "the bad one");
    for (let count = 0; count < 2; count++) {
      await assert.rejects(coderd.createWorkspace({ template: { id } }), /cannot work|failed/);
    }
    rig.backend.copy.refresh("workspaces");
    await rig.until(id, ({ badRevisions }) => Array.isArray(badRevisions), "the way back");
    const { problem, revision, versionID } = rig.state(id);
    assert.deepEqual([(problem as { reason: string }).reason, revision, versionID], [
      "RolledBack",
      good,
      before,
    ]);
    assert.equal(await rig.active(id), before);
    const { checkedAt } = rig.state(id);
    await rig.until(id, (state) => state["checkedAt"] !== checkedAt, "another look");
    assert.equal(await rig.active(id), before);
  },
});
