import assert from "node:assert/strict";
import { parse } from "yaml";
import { root, runDeno } from "../lib/run.ts";
import { tarGz } from "./archives.ts";
import { krewManifest } from "./krew.ts";
import { releaseProblems } from "./checks.ts";
import { archiveName, platformOf } from "./platforms.ts";
import { provenance } from "./provenance.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("archives of equal contents are equal, whatever the order, and keep who may be executed", async () => {
  const [a, b] = [{ path: "a", content: bytes("1"), executable: true }, { path: "b", content: bytes("2") }];
  const time = new Date("2026-01-02T03:04:05Z");
  assert.deepEqual(tarGz([a, b], time), tarGz([b, a], time));
  assert.notDeepEqual(tarGz([a, b], time), tarGz([a, b], new Date(0)));
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${directory}/x.tar.gz`, tarGz([a, b], time));
    const tar = await new Deno.Command("tar", { args: ["-xzf", "x.tar.gz"], cwd: directory }).output();
    assert.ok(tar.success);
    const [first, second] = [await Deno.stat(`${directory}/a`), await Deno.stat(`${directory}/b`)];
    assert.deepEqual([first.mode! & 0o111, second.mode! & 0o111], [0o111, 0]);
    assert.equal(first.mtime?.getTime(), time.getTime());
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("targets have the names that people know", () => {
  assert.deepEqual(platformOf("x86_64-unknown-linux-gnu"), { os: "linux", arch: "amd64" });
  assert.deepEqual(platformOf("aarch64-apple-darwin"), { os: "darwin", arch: "arm64" });
  const name = archiveName("coder-k8s", "1.2.3", platformOf("aarch64-unknown-linux-gnu"));
  assert.equal(name, "coder-k8s_1.2.3_linux_arm64.tar.gz");
});

Deno.test("Krew's manifest has an archive and a checksum for each platform", () => {
  const manifest = parse(krewManifest("1.2.3", [
    { platform: { os: "linux", arch: "amd64" }, sha256: "a".repeat(64) },
    { platform: { os: "darwin", arch: "arm64" }, sha256: "b".repeat(64) },
  ]));
  assert.deepEqual([manifest.kind, manifest.metadata.name, manifest.spec.version], [
    "Plugin",
    "coder",
    "v1.2.3",
  ]);
  assert.deepEqual(manifest.spec.platforms[1], {
    selector: { matchLabels: { os: "darwin", arch: "arm64" } },
    uri:
      "https://github.com/coder/coder-k8s/releases/download/v1.2.3/kubectl-coder_1.2.3_darwin_arm64.tar.gz",
    sha256: "b".repeat(64),
    bin: "kubectl-coder",
  });
});

Deno.test("provenance: subjects by hash, what went in, who ran it", () => {
  const statement = provenance({
    version: "1.2.3",
    commit: "c".repeat(40),
    built: "2026-01-01T00:00:00Z",
    sourceDateEpoch: 1_767_225_600,
    targets: ["x86_64-unknown-linux-gnu"],
    deno: "2.9.4",
    bundleHash: "b1",
    lockHash: "l1",
    runtimes: [{ target: "x86_64-unknown-linux-gnu", sha256: "r1" }],
    builder: "https://example.com/builder",
    startedOn: "s",
    finishedOn: "f",
    subjects: [{ name: "a.tar.gz", sha256: "a1" }],
  });
  assert.deepEqual(statement.subject, [{ name: "a.tar.gz", digest: { sha256: "a1" } }]);
  const { buildDefinition, runDetails } = statement.predicate;
  assert.deepEqual(buildDefinition.resolvedDependencies.map(({ digest }) => Object.values(digest)[0]), [
    "c".repeat(40),
    "l1",
    "r1",
  ]);
  assert.deepEqual(runDetails.metadata, { startedOn: "s", finishedOn: "f" });
  assert.equal(runDetails.builder.id, "https://example.com/builder");
});

Deno.test("what is not understood is refused before anything is built", async () => {
  const release = (...args: string[]) =>
    runDeno(["run", "-A", "--no-check", "scripts/release.ts", ...args], { cwd: root });
  const target = await release("--target=sparc");
  assert.equal(target.code, 2);
  assert.match(target.output, /no target sparc; there are x86_64-unknown-linux-gnu, /);
  const flag = await release("--nope");
  assert.equal(flag.code, 2);
  assert.match(flag.output, /release: .*--nope/);
});

Deno.test("a tree that cannot be released says why", async () => {
  const problems = await releaseProblems({ version: "99.0.0", commit: `${"a".repeat(40)}-dirty`, built: "" });
  assert.match(problems.join("\n"), /are in no commit/);
  assert.match(problems.join("\n"), /no section "## 99\.0\.0/);
  const unknown = await releaseProblems({ version: "new", commit: "unknown", built: "" });
  assert.match(unknown.join("\n"), /new is no version/);
  assert.match(unknown.join("\n"), /commit is unknown/);
});
