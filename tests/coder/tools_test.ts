import assert from "node:assert/strict";
import { join } from "node:path";
import { ToolsError } from "../cluster/go_build.ts";
import { SILENT } from "../cluster/progress.ts";
import { script, withDir } from "./testing_dir.ts";
import { CODER_PACKAGES, TOFU_PACKAGE } from "./tool_list.ts";
import { ensureCoderTools } from "./tools.ts";

/** A `go` that notes its calls, and makes small files in the place of programs. */
function fakeGo(dir: string, build = 'echo built "$3" > "$2"'): Promise<string> {
  return script(
    dir,
    "go",
    `echo "$1 $(basename "$PWD")" >> ${dir}/calls
case $1 in
  version) echo go version fake ;;
  build) while [ "$1" != -o ]; do shift; done; ${build} ;;
esac`,
  );
}

async function calls(dir: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(dir, "calls")).catch(() => "");
  return text.trim().split("\n").filter((line) => line.startsWith("build"));
}

Deno.test("what is missing is built once, and found the next time without Go", () =>
  withDir(async (dir) => {
    const terraform = await script(join(dir, "bin"), "terraform");
    const options = {
      go: await fakeGo(dir),
      coder: "",
      path: join(dir, "bin"),
      cache: join(dir, "cache"),
      progress: SILENT,
    };
    const first = await ensureCoderTools(options);
    assert.equal(await Deno.readTextFile(first.coder), `built ${CODER_PACKAGES.coder}\n`);
    assert.equal(first.terraform, terraform);
    assert.deepEqual(await calls(dir), ["build tools", "build tools"]);
    assert.deepEqual(await ensureCoderTools({ ...options, go: "/nowhere/go" }), first);
  }));

Deno.test("where there is no Terraform, OpenTofu is built from its own module", () =>
  withDir(async (dir) => {
    const options = {
      go: await fakeGo(dir),
      coder: "",
      path: join(dir, "empty"),
      cache: join(dir, "cache"),
      progress: SILENT,
    };
    const { terraform } = await ensureCoderTools(options);
    assert.equal(await Deno.readTextFile(terraform), `built ${TOFU_PACKAGE}\n`);
    assert.deepEqual(await calls(dir), ["build tools", "build tools", "build tofu"]);
  }));

Deno.test("the coder that CODER_BIN names is used, and only the provider is built", () =>
  withDir(async (dir) => {
    await script(join(dir, "bin"), "terraform");
    const given = await script(dir, "my-coder");
    const options = {
      go: await fakeGo(dir),
      coder: given,
      path: join(dir, "bin"),
      cache: join(dir, "cache"),
      progress: SILENT,
    };
    assert.equal((await ensureCoderTools(options)).coder, given);
    assert.deepEqual(await calls(dir), ["build tools"]);
  }));

Deno.test("a CODER_BIN that names nothing is an error that says so, before anything is built", () =>
  withDir(async (dir) => {
    const options = { go: await fakeGo(dir), coder: join(dir, "none"), cache: dir, progress: SILENT };
    await assert.rejects(
      ensureCoderTools(options),
      (error) => error instanceof ToolsError && error.message.includes(`CODER_BIN names ${dir}/none`),
    );
    assert.deepEqual(await calls(dir), []);
  }));

Deno.test("without Go the error is one line that says how to get it", () =>
  withDir(async (dir) => {
    await assert.rejects(
      ensureCoderTools({ go: join(dir, "no-go"), coder: "", cache: dir, progress: SILENT }),
      (error) =>
        error instanceof ToolsError && !error.message.includes("\n") && /go\.dev\/dl/.test(error.message),
    );
  }));

Deno.test("a build that fails says why, and is tried again the next time", () =>
  withDir(async (dir) => {
    await script(join(dir, "bin"), "terraform");
    const options = { coder: "", path: join(dir, "bin"), cache: join(dir, "cache"), progress: SILENT };
    const failing = await fakeGo(dir, 'echo half > "$2"; echo "undefined: x" >&2; exit 1');
    await assert.rejects(ensureCoderTools({ ...options, go: failing }), /undefined: x/);
    const { coder } = await ensureCoderTools({ ...options, go: await fakeGo(dir) });
    assert.equal(await Deno.readTextFile(coder), `built ${CODER_PACKAGES.coder}\n`);
  }));

Deno.test("two that need the tools at once build them once", () =>
  withDir(async (dir) => {
    await script(join(dir, "bin"), "terraform");
    const options = {
      go: await fakeGo(dir),
      coder: "",
      path: join(dir, "bin"),
      cache: join(dir, "cache"),
      progress: SILENT,
    };
    const [one, two] = await Promise.all([ensureCoderTools(options), ensureCoderTools(options)]);
    assert.deepEqual(one, two);
    assert.equal((await calls(dir)).length, 2);
  }));
