import assert from "node:assert/strict";
import { parse } from "yaml";
import { type KrewArchive, krewManifest } from "./krew.ts";
import { krewProblems } from "./krew_rules.ts";

const SHA = "0123456789abcdef".repeat(4);
const archives: readonly KrewArchive[] = [
  { platform: { os: "linux", arch: "amd64" }, sha256: SHA },
  { platform: { os: "darwin", arch: "arm64" }, sha256: SHA },
];

// deno-lint-ignore no-explicit-any -- tests change one field of it each
type Loose = any;

/** What is wrong with ours after a change. */
function after(change: (manifest: Loose) => void, file = "coder.yaml"): string {
  const manifest = parse(krewManifest("1.2.3", archives));
  change(manifest);
  return krewProblems(manifest, file).join("; ");
}

Deno.test("our manifest breaks none of Krew's rules", () => {
  assert.equal(after(() => {}), "");
  assert.equal(after(({ spec }) => spec.version = "v1.2.3-rc.1"), "");
  assert.equal(after(({ spec }) => delete spec.caveats), "");
  assert.equal(after(({ spec }) => spec.platforms[0].files = [{ from: "a", to: "." }]), "");
});

Deno.test("each rule is one", () => {
  const cases: readonly (readonly [RegExp, (manifest: Loose) => void])[] = [
    [/^apiVersion: /, (one) => one.apiVersion = "v1"],
    [/^kind: /, (one) => one.kind = "Plugins"],
    [/metadata\.name: must be lower case/, ({ metadata }) => metadata.name = "Coder_x"],
    [/metadata\.name: must not begin/, ({ metadata }) => metadata.name = "kubectl-coder"],
    [/metadata\.name: is a name that Windows/, ({ metadata }) => metadata.name = "com1"],
    [/spec\.version: must be a semantic/, ({ spec }) => spec.version = "v1.2"],
    [/spec\.version: /, ({ spec }) => spec.version = "1.2.3"],
    [/spec\.homepage: /, ({ spec }) => spec.homepage = "http://example.com"],
    [/spec\.shortDescription: /, ({ spec }) => spec.shortDescription = "x".repeat(51)],
    [/spec\.shortDescription: must be one line/, ({ spec }) => spec.shortDescription = "a\nb"],
    [/spec\.shortDescription: must be one line/, ({ spec }) => spec.shortDescription = "Does it."],
    [/spec\.description: no line may be longer/, ({ spec }) => spec.description = "word ".repeat(20)],
    [/spec\.caveats: no line may be longer/, ({ spec }) => spec.caveats = `short\n${"word ".repeat(20)}`],
    [/spec\.platforms: /, ({ spec }) => spec.platforms = []],
    [/spec\.platforms: of two/, ({ spec }) => spec.platforms.push(spec.platforms[0])],
    [/platforms\.0\.uri: /, ({ spec }) => spec.platforms[0].uri = "http://example.com/a.tar.gz"],
    [/platforms\.0\.uri: must be/, ({ spec }) => spec.platforms[0].uri = "https://example.com/a.tgz"],
    [/platforms\.0\.sha256: must be 64/, ({ spec }) => spec.platforms[0].sha256 = SHA.toUpperCase()],
    [/platforms\.1\.bin: must lie/, ({ spec }) => spec.platforms[1].bin = "/bin/sh"],
    [/platforms\.1\.bin: must lie/, ({ spec }) => spec.platforms[1].bin = "a/../../b"],
    [/platforms\.0\.files: /, ({ spec }) => spec.platforms[0].files = []],
    [/matchLabels: Krew knows no such/, ({ spec }) => spec.platforms[0].selector.matchLabels.arch = "x86"],
    [/selector/, ({ spec }) => delete spec.platforms[0].selector],
    [/shortdescription/, ({ spec }) => spec.shortdescription = "a slip of the pen"],
  ];
  for (const [words, change] of cases) assert.match(after(change), words, String(change));
  assert.match(after(() => {}, "plugin.yaml"), /must be called coder\.yaml/);
  for (const nothing of [undefined, null, "text", []]) {
    assert.match(krewProblems(nothing, "coder.yaml").join(), /^the manifest: /);
  }
});

Deno.test("a manifest that breaks a rule is not made", () => {
  assert.throws(
    () => krewManifest("1.2.3", [{ platform: { os: "linux", arch: "amd64" }, sha256: "aa" }]),
    /Krew's rules.*platforms\.0\.sha256: must be 64/s,
  );
});
