/** Templates from Git through the whole product: a real API server and its kubectl, ConfigMaps, a real Coder. */
import assert from "node:assert/strict";
import { startAppRig } from "../aggregated/app_rig.ts";
import { waitFor } from "../cluster/mod.ts";
import { brokenTemplate, plainTemplate, sharedCoderd, uniqueName } from "../coder/mod.ts";
import { startGitServer } from "./git_server.ts";
import { newRepository } from "./repository.ts";

Deno.test("kubectl makes a template of a repository, which follows it, and says what is wrong", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  await using repository = await newRepository();
  const first = await repository.commit({ "docker/main.tf": plainTemplate()["main.tf"]! }, "First");
  await using server = await startGitServer({ root: repository.root, authorization: "Bearer hunter2" });
  await using rig = await startAppRig({ coders: { "lab/coder": { url: coderd.url, token } } });
  const name = uniqueName("git");
  const path = `/namespaces/lab/codertemplates/coder.${name}`;
  await rig.cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "lab", name: "git" },
    stringData: { bearerToken: "hunter2", "ca.crt": server.ca },
  });
  const manifest = (source: object) =>
    JSON.stringify({
      apiVersion: "aggregation.coder.com/v1alpha1",
      kind: "CoderTemplate",
      metadata: { namespace: "lab", name: `coder.${name}` },
      spec: { source: { git: { url: server.url, secretRef: { name: "git" }, ...source }, path: "docker" } },
    });
  const apply = (source: object = {}) =>
    rig.cluster.kubectl(["apply", "--server-side", "-f", "-"], { input: manifest(source) });
  const get = () => rig.get(path);
  // deno-lint-ignore no-explicit-any -- as it is sent
  const until = async (is: (object: any) => unknown, what: string) => {
    // deno-lint-ignore no-explicit-any -- as above
    let last: any;
    try {
      await waitFor(async () => is(last = await get()), { what, timeoutMs: 180_000, intervalMs: 300 });
    } catch (error) {
      throw new Error(`${what}: ${JSON.stringify(last?.status)}`, { cause: error });
    }
    return last;
  };
  let asked = 0;
  const ask = () =>
    rig.cluster.kubectl([
      ...["-n", "lab", "annotate", "--overwrite", `codertemplates.aggregation.coder.com/coder.${name}`],
      `coder.com/reconcile-at=${++asked}`,
    ]);
  await apply();
  const made = await until(({ status }) => status.source?.revision === first, "the template");
  assert.equal(made.status.source.versionID, made.status.activeVersionID);
  assert.match(made.spec.files["main.tf"], /terraform_data/);
  const second = await repository.commit({ "docker/a.txt": "2" }, "Second");
  await ask();
  const followed = await until(({ status }) => status.source.revision === second, "the next commit");
  assert.notEqual(followed.status.activeVersionID, made.status.activeVersionID);
  assert.equal(followed.spec.files["a.txt"], "2");
  const bad = await repository.commit({ "docker/main.tf": brokenTemplate()["main.tf"]! });
  await ask();
  const failed = await until(({ status }) => status.source.badRevisions?.includes(bad), "the bad commit");
  assert.equal(failed.status.activeVersionID, followed.status.activeVersionID);
  // deno-lint-ignore no-explicit-any -- as above
  const ready = (object: any) =>
    object.status.conditions.find(({ type }: { type: string }) => type === "SourceReady");
  assert.deepEqual([ready(failed)?.status, ready(failed)?.reason], ["False", "BuildFailed"]);
  await apply({ branch: "none" });
  await until((object) => /no branch none/.test(ready(object)?.message), "the branch that is not there");
  assert.doesNotMatch(JSON.stringify(await get()), /hunter2/);
});
