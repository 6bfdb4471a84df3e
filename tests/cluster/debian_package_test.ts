import assert from "node:assert/strict";
import { join } from "node:path";
import { script, withDir } from "../coder/testing_dir.ts";
import { ensureDebianProgram } from "./debian_package.ts";
import { ToolsError } from "./go_build.ts";
import { SILENT } from "./progress.ts";

const HELLO = { program: "hello", package: "hello-tools", need: "which tests of greetings need" };

Deno.test("a program on PATH is taken, and one where its package puts it", () =>
  withDir(async (dir) => {
    const place = await script(join(dir, "sbin"), "hello");
    const found = () =>
      ensureDebianProgram({ ...HELLO, places: [join(dir, "none"), place] }, {
        path: join(dir, "bin"),
        root: false,
      });
    assert.equal(await found(), place);
    const onPath = await script(join(dir, "bin"), "hello");
    assert.equal(await found(), onPath);
  }));

Deno.test("as root its package is installed, once however many ask, without its service", () =>
  withDir(async (dir) => {
    await script(
      dir,
      "apt-get",
      `echo "$* $DEBIAN_FRONTEND $RUNLEVEL" >> ${dir}/calls
for package; do :; done
[ "$package" = hello-tools ] || exit 0
echo > ${dir}/hello; /bin/chmod +x ${dir}/hello`,
    );
    const options = { path: dir, root: true, lock: join(dir, "lock"), progress: SILENT };
    const paths = await Promise.all([1, 2, 3].map(() => ensureDebianProgram(HELLO, options)));
    assert.deepEqual(paths, Array(3).fill(join(dir, "hello")));
    const calls = (await Deno.readTextFile(join(dir, "calls"))).trim().split("\n");
    assert.equal(calls.length, 2);
    assert.match(calls[0] ?? "", /update noninteractive 1$/);
    assert.match(calls[1] ?? "", /install -y --no-install-recommends hello-tools noninteractive 1$/);
  }));

Deno.test("what can be neither found nor installed is one line that says how to get it", () =>
  withDir(async (dir) => {
    const oneLine = (what: RegExp) => (error: unknown) =>
      error instanceof ToolsError && !error.message.includes("\n") &&
      /^hello, which tests of greetings need, .*apt-get install hello-tools` as root$/.test(error.message) &&
      what.test(error.message);
    const options = { path: dir, root: true, lock: join(dir, "lock"), progress: SILENT };
    await assert.rejects(ensureDebianProgram(HELLO, options), oneLine(/is not installed/));
    await script(dir, "apt-get", "echo no route to host >&2; exit 100");
    await assert.rejects(
      ensureDebianProgram(HELLO, { ...options, root: false }),
      oneLine(/is not installed/),
    );
    await assert.rejects(
      ensureDebianProgram(HELLO, options),
      oneLine(/apt-get update said: no route to host/),
    );
    await script(dir, "apt-get");
    await assert.rejects(ensureDebianProgram(HELLO, options), oneLine(/still is not there/));
  }));
