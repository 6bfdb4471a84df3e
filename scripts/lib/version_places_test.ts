import assert from "node:assert/strict";
import { denoProblems, mayNameVersion, VERSION, versionProblems, withVersion } from "./version_places.ts";

const TEXTS: readonly [path: string, text: string, after: string][] = [
  ["deploy/a.yaml", "image: ghcr.io/coder/coder-k8s:1.2.3\n", "image: ghcr.io/coder/coder-k8s:2.0.0\n"],
  ["docs/a.md", "`ghcr.io/coder/coder-k8s-worker:1.2.3`.", "`ghcr.io/coder/coder-k8s-worker:2.0.0`."],
  ["docs/a.md", "ghcr.io/coder/coder-k8s:latest", "ghcr.io/coder/coder-k8s:2.0.0"],
  ["docs/a.md", "ghcr.io/coder/coder-k8s:1.2.3-rc.1 …", "ghcr.io/coder/coder-k8s:2.0.0 …"],
  ["Containerfile", "ARG VERSION=1.2.3\nARG OTHER=1.2.3\n", "ARG VERSION=2.0.0\nARG OTHER=1.2.3\n"],
  [
    "charts/coder-k8s/Chart.yaml",
    'version: 1.2.3\nappVersion: "1.2.3"\nkubeVersion: ">=1.32.0-0"\n',
    'version: 2.0.0\nappVersion: "2.0.0"\nkubeVersion: ">=1.32.0-0"\n',
  ],
  ["README.md", "coder-k8s_1.2.3_linux_amd64.tar.gz", "coder-k8s_2.0.0_linux_amd64.tar.gz"],
  [
    "README.md",
    "https://github.com/coder/coder-k8s/releases/download/v1.2.3/install.yaml",
    "https://github.com/coder/coder-k8s/releases/download/v2.0.0/install.yaml",
  ],
  [
    "docs/h.md",
    "helm install x oci://ghcr.io/coder/charts/coder-k8s --version 1.2.3",
    "helm install x oci://ghcr.io/coder/charts/coder-k8s --version 2.0.0",
  ],
  [
    "examples/a.yaml",
    "repoURL: ghcr.io/coder/charts\n  chart: coder-k8s\n  targetRevision: ~1.2.3\n",
    "repoURL: ghcr.io/coder/charts\n  chart: coder-k8s\n  targetRevision: ~2.0.0\n",
  ],
];

Deno.test("every place of a version is found, told with its line, and set", () => {
  for (const [path, text, after] of TEXTS) {
    const problems = versionProblems(path, `first line\n${text}`, "2.0.0");
    assert.ok(problems.length > 0, text);
    assert.ok(problems[0]!.startsWith(`${path}:2: `), problems[0]!);
    assert.match(problems[0]!, /deno\.json says 2\.0\.0: run "deno task version 2\.0\.0"$/);
    assert.equal(withVersion(path, text, "2.0.0"), after);
    assert.deepEqual(versionProblems(path, after, "2.0.0"), []);
  }
});

Deno.test("what is filled in later, other images and other programs are left alone", () => {
  const text =
    "ghcr.io/coder/coder-k8s:<version> ghcr.io/coder/coder-k8s:$VERSION ghcr.io/coder/coder:v2.30.0\n" +
    "version: 1.2.3\nARG VERSION=1.2.3\nhelm 1.2.3";
  assert.deepEqual(versionProblems("docs/x.md", text, "2.0.0"), []);
  assert.equal(withVersion("docs/x.md", text, "2.0.0"), text);
});

Deno.test("history, locks, sources and tests are not looked at; documents and manifests are", () => {
  for (
    const path of [
      "CHANGELOG.md",
      "deno.lock",
      "src/a.json",
      "tests/x.yaml",
      "dist/x.md",
      "site/package-lock.json",
    ]
  ) {
    assert.ok(!mayNameVersion(path), path);
  }
  for (
    const path of [
      "README.md",
      "deploy/a.yaml",
      "Containerfile",
      ".github/workflows/ci.yaml",
      "charts/c/Chart.yaml",
    ]
  ) {
    assert.ok(mayNameVersion(path), path);
  }
});

Deno.test("one Deno everywhere", () => {
  const text = "npx -y deno@2.9.4 task test\nARG DENO_VERSION=2.9.4\n";
  assert.deepEqual(denoProblems("README.md", text, "2.9.4"), []);
  assert.deepEqual(denoProblems("README.md", text, "2.9.5").length, 2);
  assert.match(denoProblems("x", "deno-version: v2.9.3", "2.9.4")[0]!, /^x names Deno 2\.9\.3; .* 2\.9\.4$/);
});

Deno.test("versions are semantic ones", () => {
  for (const good of ["0.1.0", "10.20.30", "1.0.0-rc.1"]) assert.match(good, VERSION);
  for (const bad of ["1.0", "v1.0.0", "1.0.0-", "1.0.0+build", "latest"]) assert.doesNotMatch(bad, VERSION);
});
