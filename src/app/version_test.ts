import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { buildInfo, sourceCommit, stampBuild } from "./version.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";

/** A directory with the given files under `.git/`. */
async function withGit(files: Record<string, string>, run: (root: URL) => void) {
  const directory = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      const full = `${directory}/.git/${path}`;
      await Deno.mkdir(full.slice(0, full.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(full, text);
    }
    run(pathToFileURL(`${directory}/`));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("the commit of a branch is read from its loose ref", async () => {
  await withGit({ HEAD: "ref: refs/heads/main\n", "refs/heads/main": `${commit}\n` }, (root) => {
    assert.equal(sourceCommit(root), commit);
    assert.deepEqual(buildInfo(root), { version: "dev", commit, built: "" });
  });
});

Deno.test("the commit of a branch is read from the packed refs", async () => {
  const packed = `# pack-refs with: peeled\n${"f".repeat(40)} refs/heads/other\n${commit} refs/heads/main\n`;
  await withGit({ HEAD: "ref: refs/heads/main\n", "packed-refs": packed }, (root) => {
    assert.equal(sourceCommit(root), commit);
  });
});

Deno.test("a detached head is the commit itself", async () => {
  await withGit({ HEAD: `${commit}\n` }, (root) => assert.equal(sourceCommit(root), commit));
});

Deno.test("without git, or with a ref that leads nowhere, the commit is unknown", async () => {
  await withGit({}, (root) => assert.equal(buildInfo(root).commit, "unknown"));
  await withGit({ HEAD: "ref: refs/heads/main\n" }, (root) => assert.equal(sourceCommit(root), undefined));
  await withGit({ HEAD: "garbage\n" }, (root) => assert.equal(sourceCommit(root), undefined));
});

Deno.test("a stamp is the whole answer", async () => {
  const info = { version: "1.2.3", commit, built: "2026-01-01T00:00:00Z" };
  const script = `import { buildInfo, stampBuild } from ${
    JSON.stringify(import.meta.resolve("./version.ts"))
  };
    stampBuild(${
    JSON.stringify(info)
  }); Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(buildInfo())));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", script], stderr: "inherit" })
    .output();
  assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), info);
  assert.equal(typeof stampBuild, "function");
});
