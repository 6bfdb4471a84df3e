/** `deno task release`, and what somebody does who has downloaded it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { buildBinary, TARGETS } from "../../scripts/lib/build.ts";
import { root } from "../../scripts/lib/run.ts";
import { krewProblems } from "../../scripts/release/krew_rules.ts";
import { archiveName, platformOf } from "../../scripts/release/platforms.ts";
import { isAllowed } from "../../scripts/sbom/licences.ts";
import { sharedCluster } from "../cluster/mod.ts";
import { helm } from "../helm/helm.ts";
import { sbomProblem } from "../image/lint_tools.ts";

const { version } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`)) as { version: string };
const PLATFORM = platformOf(TARGETS.find((target) => target === Deno.build.target)!);
const ARCHIVE = archiveName("coder-k8s", version, PLATFORM);
const PLUGIN = archiveName("kubectl-coder", version, PLATFORM);
/** Any fixed second: what is built twice is stamped with the same one. */
const EPOCH = "1790000000";

async function run(program: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const command = new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    signal: AbortSignal.timeout(600_000),
  });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

const sha256 = async (path: string) => createHash("sha256").update(await Deno.readFile(path)).digest("hex");

Deno.test("a release: made by one command, whole, and what it says of itself is true", async (t) => {
  const directory = await Deno.makeTempDir({ prefix: "coder-k8s-release-test-" });
  const out = join(directory, "release");
  try {
    const made = await run(
      Deno.execPath(),
      ["run", "-A", "--no-check", `${root}/scripts/release.ts`, "--snapshot", `--out=${out}`],
      root,
      { SOURCE_DATE_EPOCH: EPOCH },
    );
    assert.equal(made.code, 0, made.out + made.err);
    const names = [...Deno.readDirSync(out)].map(({ name }) => name).sort();
    assert.deepEqual(
      names,
      [
        ARCHIVE,
        PLUGIN,
        "RELEASE_NOTES.md",
        "SHA256SUMS",
        "coder.yaml",
        `coder-k8s-${version}.tgz`,
        `coder-k8s_${version}.cdx.json`,
        "crds.yaml",
        "install.yaml",
        "provenance.intoto.json",
      ].sort(),
    );

    await t.step("sha256sum accepts every file", async () => {
      const checked = await run("sha256sum", ["--check", "--strict", "SHA256SUMS"], out);
      assert.equal(checked.code, 0, checked.err);
      assert.equal(checked.out.trim().split("\n").length, names.length - 2);
    });

    const unpacked = join(directory, "unpacked");
    await t.step("archives unpack with tar, and what is in them runs under both names", async () => {
      for (const name of [ARCHIVE, PLUGIN]) {
        await Deno.mkdir(join(unpacked, name), { recursive: true });
        const tar = await run("tar", ["-xzf", join(out, name), "-C", join(unpacked, name)], out);
        assert.equal(tar.code, 0, tar.err);
      }
      const inside = (name: string) =>
        [...Deno.readDirSync(join(unpacked, name))].map((one) => one.name).sort();
      assert.deepEqual(inside(ARCHIVE), ["LICENSE", "README.md", "coder-k8s"]);
      assert.deepEqual(inside(PLUGIN), ["LICENSE", "kubectl-coder"]);
      const said = await run(join(unpacked, ARCHIVE, "coder-k8s"), ["version", "-o", "json"], directory);
      const facts = JSON.parse(said.out);
      assert.deepEqual([facts.version, facts.built], [version, "2026-09-21T14:13:20Z"]);
      assert.match(facts.commit, /^[0-9a-f]{40}(-dirty)?$/);
      const help = await run(join(unpacked, PLUGIN, "kubectl-coder"), ["--help"], directory);
      assert.equal(help.code, 0, help.err);
      assert.match(help.out, /kubectl coder/);
    });

    await t.step("building it again, elsewhere, makes the same executable", async () => {
      const first = join(unpacked, ARCHIVE, "coder-k8s");
      const { commit } = JSON.parse((await run(first, ["version", "-o", "json"], directory)).out);
      const work = join(directory, "another", "place");
      await Deno.mkdir(work, { recursive: true });
      const output = join(work, "coder-k8s");
      const { bundleHash } = await buildBinary({
        stamp: { version, commit, built: "2026-09-21T14:13:20Z" },
        work,
        output,
      });
      const statement = JSON.parse(await Deno.readTextFile(join(out, "provenance.intoto.json")));
      const told = statement.predicate.buildDefinition.internalParameters.bundle.sha256;
      assert.equal(bundleHash, told, "sources were changed while this test ran?");
      assert.equal(await sha256(output), await sha256(first));
      assert.equal(await sha256(join(unpacked, PLUGIN, "kubectl-coder")), await sha256(first));
    });

    await t.step("Krew's manifest names the plugin's archive and its checksum", async () => {
      const manifest = parse(await Deno.readTextFile(join(out, "coder.yaml")));
      assert.deepEqual(krewProblems(manifest, "coder.yaml"), []);
      const { metadata, spec } = manifest;
      assert.deepEqual([metadata.name, spec.version], ["coder", `v${version}`]);
      const [platform] = spec.platforms;
      assert.ok(platform.uri.endsWith(`/v${version}/${PLUGIN}`), platform.uri);
      assert.equal(platform.sha256, await sha256(join(out, PLUGIN)));
      assert.deepEqual(
        [...Deno.readDirSync(join(unpacked, PLUGIN))].some(({ name }) => name === platform.bin),
        true,
      );
    });

    await t.step("a real API server takes the manifests", async () => {
      const cluster = await sharedCluster();
      const text = await Deno.readTextFile(join(out, "install.yaml"));
      const kinds = parseAllDocuments(text).map((document) => document.toJS()?.kind);
      assert.ok(kinds.includes("Deployment") && kinds.at(-1) === "APIService", kinds.join(" "));
      assert.ok(text.includes(`image: ghcr.io/coder/coder-k8s:${version}\n`));
      await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", join(out, "crds.yaml")]);
      // Namespaced objects need their namespace, which a dry run does not make.
      await cluster.kubectl([
        "apply",
        "--server-side",
        "--force-conflicts",
        "-f",
        `${root}/deploy/base/namespace.yaml`,
      ]);
      await cluster.kubectl([
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "-f",
        join(out, "install.yaml"),
      ]);
    });

    await t.step("the real helm reads the chart", async () => {
      const shown = await helm(["show", "chart", join(out, `coder-k8s-${version}.tgz`)]);
      assert.equal(parse(shown.stdout).version, version);
      const rendered = await helm(["template", "x", join(out, `coder-k8s-${version}.tgz`)]);
      assert.match(rendered.stdout, /kind: Deployment/);
    });

    await t.step(
      "the list of parts is CycloneDX, has every import, and no licence that is not permissive",
      async () => {
        const path = join(out, `coder-k8s_${version}.cdx.json`);
        assert.equal(await sbomProblem(path), "");
        const { components, metadata } = JSON.parse(await Deno.readTextFile(path));
        assert.equal(metadata.component.version, version);
        const { imports } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`)) as {
          imports: Record<string, string>;
        };
        const inside = new Set(components.map((one: { purl: string }) => decodeURIComponent(one.purl)));
        for (const target of Object.values(imports)) {
          assert.ok(inside.has(target.replace("npm:", "pkg:npm/")), `${target} is not in the list`);
        }
        assert.ok(inside.has(`pkg:github/denoland/deno@v${Deno.version.deno}`));
        for (const { name, licenses } of components) {
          const [{ license, expression }] = licenses;
          assert.ok(isAllowed(expression ?? license.id), `${name}: ${expression ?? license.id}`);
        }
      },
    );

    await t.step("the provenance names every file, the commit, the lock and the runtime", async () => {
      const statement = JSON.parse(await Deno.readTextFile(join(out, "provenance.intoto.json")));
      assert.equal(statement._type, "https://in-toto.io/Statement/v1");
      assert.equal(statement.predicateType, "https://slsa.dev/provenance/v1");
      const subjects = new Map(
        statement.subject.map((
          one: { name: string; digest: { sha256: string } },
        ) => [one.name, one.digest.sha256]),
      );
      for (const name of names.filter((name) => !/^(SHA256SUMS|provenance\..*)$/.test(name))) {
        assert.equal(subjects.get(name), await sha256(join(out, name)), name);
      }
      const { resolvedDependencies, externalParameters } = statement.predicate.buildDefinition;
      assert.equal(externalParameters.version, version);
      assert.match(resolvedDependencies[0].digest.gitCommit, /^[0-9a-f]{40}/);
      assert.equal(resolvedDependencies[1].digest.sha256, await sha256(`${root}/deno.lock`));
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
