/** Every example applies cleanly: found by itself, taken by a real cluster, and by the product where it serves the kind. */
import assert from "node:assert/strict";
import { startAppRig } from "../aggregated/app_rig.ts";
import { startCluster, waitFor } from "../cluster/mod.ts";
import { startFakeCoder } from "../fake-coder/mod.ts";
import { startDaemon } from "../gitops/daemon.ts";
import { findExamples, objectsOf } from "./examples.ts";
import { installDefinitions } from "./foreign.ts";

/** Namespaces that examples leave to others to make. */
const NAMESPACES = ["argocd", "coder", "coder-system", "flux-system"];
/** Without manifests, with the test that runs them. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "examples/templates": "tests/sessions/workspace_template.ts",
};
/** Its repository is nobody's: the product asks it before it takes the object, and says so once all else is right. */
const NOBODYS = /git\.example\.com cannot be asked/;

Deno.test("every example has a README, and manifests or a test of its own", async () => {
  const { all } = await findExamples();
  assert.ok(all.size >= 8, `${all.size} examples`);
  for (const [folder, hasManifests] of all) {
    if (hasManifests) {
      assert.ok((await Deno.stat(`${folder}/README.md`)).isFile, folder);
      continue;
    }
    const test = ELSEWHERE[folder];
    assert.ok(test !== undefined, `nothing covers ${folder}: give it manifests, or name its test here`);
    assert.match(
      await Deno.readTextFile(test),
      new RegExp(folder),
      `${test} has nothing to do with ${folder}`,
    );
  }
  for (const folder of Object.keys(ELSEWHERE)) assert.equal(all.get(folder), false, folder);
});

Deno.test("examples apply cleanly", async (t) => {
  const { folders, aggregated, files } = await findExamples();
  assert.ok(folders.length >= 8 && aggregated.length >= 4, "they are found");
  await using cluster = await startCluster({ name: "examples" });
  await cluster.apply(
    NAMESPACES.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
  );
  // The credentials of the templates from Git, as the how-to has them made.
  await cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "coder", name: "templates-git" },
    stringData: { username: "git", password: "a-token" },
  });
  const apply = (...what: string[]) =>
    cluster.kubectl(["apply", "--server-side", "--force-conflicts", "--validate=strict", ...what], {
      allowFailure: true,
    });

  await t.step("templates and workspaces, by the product", async (t) => {
    await using fake = await startFakeCoder({ rateLimit: -1 });
    const { token } = fake.state.addOwner("owner");
    using _daemon = startDaemon(fake);
    await using _rig = await startAppRig({ cluster, coders: { "coder/coder": { url: fake.url, token } } });
    for (const path of inOrder(aggregated)) {
      await t.step(path, async () => {
        const { code, stderr } = await apply("-f", path);
        if (NOBODYS.test(stderr)) return;
        assert.deepEqual([code, stderr], [0, ""]);
        for (const { kind = "", metadata: { name, namespace } } of objectsOf(path)) {
          const address =
            `/apis/aggregation.coder.com/v1alpha1/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`;
          await waitFor(async () => {
            const { status } = await cluster.request("GET", address);
            return status?.conditions?.some((one: Record<string, string>) =>
              one["type"] === "Ready" && one["status"] === "True"
            );
          }, { what: `${name} to be ready`, timeoutMs: 120_000 });
        }
      });
    }
  });

  await installDefinitions(cluster);
  for (const folder of folders) {
    await t.step(folder, async () => {
      const { code, stderr, stdout } = await apply("-k", folder);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /serverside-applied/);
      const again = await cluster.kubectl(["diff", "--server-side", "--force-conflicts", "-k", folder], {
        allowFailure: true,
      });
      assert.equal(again.code, 0, `applied once more it differs: ${again.stdout}${again.stderr}`);
    });
  }
  for (const file of files) {
    await t.step(file, async () => {
      const { code, stderr } = await apply("-f", file);
      assert.deepEqual([code, stderr], [0, ""]);
    });
  }
});

/** Templates before workspaces of them. */
function inOrder(paths: readonly string[]): string[] {
  const kindOf = (path: string) => objectsOf(path)[0]?.kind ?? "";
  return paths.toSorted((one, other) => kindOf(one).localeCompare(kindOf(other)) || one.localeCompare(other));
}
