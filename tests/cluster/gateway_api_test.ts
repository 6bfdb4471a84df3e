import assert from "node:assert/strict";
import { join } from "node:path";
import { gatewayApiFiles } from "./gateway_api.ts";
import { ToolsError } from "./go_build.ts";

async function withDir(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A `go` that has the module in `module`, and counts how often it was asked. */
async function fakeGo(dir: string, module: string): Promise<string> {
  const go = join(dir, "go");
  const script = `#!/bin/sh
echo "$1" >> ${dir}/calls
case $1 in
  version) echo go version fake ;;
  mod) echo '{"Dir":"${module}"}' ;;
esac
`;
  await Deno.writeTextFile(go, script, { mode: 0o755 });
  return go;
}

Deno.test("the definitions are those of the module in go.mod, and are found the next time without Go", () =>
  withDir(async (cache) => {
    const files = await gatewayApiFiles({ cache });
    assert.deepEqual(files.map((file) => file.split("_").at(-1)), [
      "gatewayclasses.yaml",
      "gateways.yaml",
      "httproutes.yaml",
    ]);
    for (const file of files) {
      const text = await Deno.readTextFile(file);
      assert.match(text, /bundle-version: v1\.4\.1\n/);
      assert.match(text, /channel: standard\n/);
    }
    assert.deepEqual(await gatewayApiFiles({ cache, go: "/nowhere/go" }), files);
  }));

Deno.test("two processes that need the definitions at once fetch them once", () =>
  withDir(async (dir) => {
    const real = (await gatewayApiFiles())[0] ?? "";
    const source = join(dir, "module/config/crd/standard");
    await Deno.mkdir(source, { recursive: true });
    for (const kind of ["gatewayclasses", "gateways", "httproutes"]) {
      await Deno.copyFile(real, join(source, `gateway.networking.k8s.io_${kind}.yaml`));
    }
    const options = { cache: join(dir, "cache"), go: await fakeGo(dir, join(dir, "module")) };
    const [one, two] = await Promise.all([gatewayApiFiles(options), gatewayApiFiles(options)]);
    assert.deepEqual(one, two);
    assert.deepEqual((await Deno.readTextFile(join(dir, "calls"))).trim().split("\n"), ["version", "mod"]);
  }));

Deno.test("without Go the error says how to get it, and a module that is not whole leaves nothing behind", () =>
  withDir(async (dir) => {
    await assert.rejects(
      gatewayApiFiles({ cache: dir, go: join(dir, "no-go") }),
      (error) => error instanceof ToolsError && /go\.dev\/dl/.test(error.message),
    );
    const go = await fakeGo(dir, join(dir, "empty"));
    await assert.rejects(gatewayApiFiles({ cache: dir, go }), Deno.errors.NotFound);
    assert.equal((await gatewayApiFiles({ cache: dir })).length, 3);
  }));
