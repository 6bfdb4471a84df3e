/** `deno task version`, on a copy of the project. */
import assert from "node:assert/strict";
import { root, run } from "../../scripts/lib/run.ts";

/** What names the version, and what is needed to write it. */
const COPIED = [
  ".ci",
  ".github",
  "CHANGELOG.md",
  "Containerfile",
  "README.md",
  "SECURITY.md",
  "SUPPORT.md",
  "charts",
  "crd",
  "deno.json",
  "deno.lock",
  "deploy",
  "docs",
  "examples",
  "main.ts",
  "scripts",
  "site",
  "src",
  "tests",
];

Deno.test("one command sets the version everywhere, and what is generated follows", async () => {
  const copy = await Deno.makeTempDir({ prefix: "coder-k8s-version-" });
  const deno = (...args: string[]) => run(Deno.execPath(), args, { cwd: copy, env: { NO_COLOR: "1" } });
  try {
    const tar = `cd "$1" && tar -c --exclude=node_modules ${COPIED.join(" ")} | tar -x -C "$2"`;
    assert.equal((await run("sh", ["-c", tar, "sh", root, copy])).code, 0);
    const read = (path: string) => Deno.readTextFile(`${copy}/${path}`);
    const before = (JSON.parse(await read("deno.json")) as { version: string }).version;
    const shown = await deno("run", "-A", "--no-check", "--quiet", "scripts/version.ts");
    assert.equal(shown.output.trim(), before);

    const set = await deno("run", "-A", "--no-check", "scripts/version.ts", "98.7.6");
    assert.equal(set.code, 0, set.output);
    assert.equal((JSON.parse(await read("deno.json")) as { version: string }).version, "98.7.6");
    for (
      const [path, line] of [
        ["Containerfile", "ARG VERSION=98.7.6\n"],
        ["deploy/overlays/all/deployment.yaml", "ghcr.io/coder/coder-k8s:98.7.6\n"],
        ["deploy/coordinator/workers/workers.yaml", "ghcr.io/coder/coder-k8s-worker:98.7.6\n"],
        ["charts/coder-k8s/Chart.yaml", "version: 98.7.6\n"],
        ["charts/coder-k8s/Chart.yaml", 'appVersion: "98.7.6"\n'],
        ["src/install/generated/deploy.ts", "ghcr.io/coder/coder-k8s:98.7.6"],
        ["SECURITY.md", "coder-k8s_98.7.6_linux_amd64.tar.gz"],
      ] as const
    ) assert.ok((await read(path)).includes(line), `${path} has no ${line}`);
    assert.match(await read("CHANGELOG.md"), /^## Unreleased\n\n## 98\.7\.6 - \d{4}-\d\d-\d\d\n/m);

    const problems = await deno(
      "eval",
      `import { versionsDiffer } from "./scripts/lib/version_files.ts"; Deno.stdout.writeSync(new TextEncoder().encode((await versionsDiffer()).join("\\n")));`,
    );
    assert.deepEqual([problems.code, problems.output.trim()], [0, ""]);

    const wrong = await deno("run", "-A", "--no-check", "scripts/version.ts", "v1");
    assert.equal(wrong.code, 2);
    assert.match(wrong.output, /v1 is no version: write one such as 1\.2\.3/);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
});
