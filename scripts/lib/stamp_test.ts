import assert from "node:assert/strict";
import { run } from "./run.ts";
import { buildStamp } from "./stamp.ts";

/** A project of one file, with or without git. */
async function project(run: (root: string) => Promise<void>) {
  const root = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${root}/deno.json`, '{ "version": "1.2.3" }\n');
    await run(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function git(root: string, ...args: string[]): Promise<string> {
  const who = [
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@t",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "core.hooksPath=/dev/null",
  ];
  const { code, output } = await run("git", [...who, ...args], { cwd: root });
  assert.equal(code, 0, output);
  return output.trim();
}

Deno.test("a stamp has the version of deno.json, the commit and the time", async () => {
  await project(async (root) => {
    await git(root, "init", "--quiet");
    await git(root, "add", ".");
    await git(root, "commit", "--quiet", "-m", "first");
    const head = await git(root, "rev-parse", "HEAD");
    const { version, commit, built } = await buildStamp(root);
    assert.deepEqual([version, commit], ["1.2.3", head]);
    assert.match(built, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    await Deno.writeTextFile(`${root}/deno.json`, '{ "version": "1.2.4" }\n');
    assert.equal((await buildStamp(root)).commit, `${head}-dirty`);
  });
});

Deno.test("without git the commit is unknown", async () => {
  await project(async (root) => assert.equal((await buildStamp(root)).commit, "unknown"));
});

Deno.test("SOURCE_DATE_EPOCH sets the time", async () => {
  Deno.env.set("SOURCE_DATE_EPOCH", "1700000000");
  try {
    await project(async (root) => assert.equal((await buildStamp(root)).built, "2023-11-14T22:13:20Z"));
  } finally {
    Deno.env.delete("SOURCE_DATE_EPOCH");
  }
});

Deno.test("an empty SOURCE_DATE_EPOCH is none, and words are refused", async () => {
  try {
    Deno.env.set("SOURCE_DATE_EPOCH", "");
    await project(async (root) => assert.match((await buildStamp(root)).built, /^20[2-9]\d-/));
    Deno.env.set("SOURCE_DATE_EPOCH", "yesterday");
    await project((root) => assert.rejects(buildStamp(root), /SOURCE_DATE_EPOCH is "yesterday"/));
  } finally {
    Deno.env.delete("SOURCE_DATE_EPOCH");
  }
});

Deno.test("SOURCE_COMMIT names the commit of sources that come without git", async () => {
  try {
    Deno.env.set("SOURCE_COMMIT", "0123456789abcdef0123456789abcdef01234567");
    await project(async (root) =>
      assert.equal((await buildStamp(root)).commit, "0123456789abcdef0123456789abcdef01234567")
    );
    Deno.env.set("SOURCE_COMMIT", "");
    await project(async (root) => assert.equal((await buildStamp(root)).commit, "unknown"));
  } finally {
    Deno.env.delete("SOURCE_COMMIT");
  }
});
