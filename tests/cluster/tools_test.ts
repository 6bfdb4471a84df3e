import assert from "node:assert/strict";
import { join } from "node:path";
import { withFileLock } from "./paths.ts";
import { SILENT } from "./progress.ts";
import { STAGE_FILES, TOOLS } from "./tool_list.ts";
import { ensureTools, ToolsError } from "./tools.ts";

async function withDir(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A `go` that writes down how it was called, and makes small files in the place of programs. */
async function fakeGo(dir: string, buildScript: string): Promise<string> {
  const module = join(dir, "module");
  for (const file of STAGE_FILES) {
    const path = join(module, "kustomize", "stage", file);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, `stage: ${file}\n`);
  }
  const go = join(dir, "go");
  await Deno.writeTextFile(
    go,
    `#!/bin/sh
echo "$1 CGO_ENABLED=$CGO_ENABLED GOWORK=$GOWORK" >> ${dir}/calls
case $1 in
  version) echo go version fake ;;
  mod) echo '{"Dir":"${module}"}' ;;
  build) while [ "$1" != -o ]; do shift; done; ${buildScript} ;;
esac
`,
    { mode: 0o755 },
  );
  return go;
}

const BUILDS = 'echo built "$3" > "$2"';

async function calls(dir: string): Promise<string[]> {
  return (await Deno.readTextFile(join(dir, "calls"))).trim().split("\n").map((line) =>
    line.split(" ")[0] ?? ""
  );
}

Deno.test("what is missing is built once, static, and found the next time without Go", () =>
  withDir(async (dir) => {
    const go = await fakeGo(dir, BUILDS);
    const options = { go, assets: "", cache: join(dir, "cache"), progress: SILENT };
    const first = await ensureTools(options);
    assert.equal(await Deno.readTextFile(first.path.etcd), "built go.etcd.io/etcd/server/v3\n");
    assert.deepEqual(await calls(dir), ["version", "mod", ...TOOLS.map(() => "build")]);
    assert.match(await Deno.readTextFile(join(dir, "calls")), /build CGO_ENABLED=0 GOWORK=off/);
    assert.equal(await Deno.readTextFile(first.stages[0] ?? ""), `stage: ${STAGE_FILES[0]}\n`);
    const second = await ensureTools({ ...options, go: "/nowhere/go" });
    assert.deepEqual(second, first);
  }));

Deno.test("two processes that need the tools at once build them once", () =>
  withDir(async (dir) => {
    const go = await fakeGo(dir, BUILDS);
    const options = { go, assets: "", cache: join(dir, "cache"), progress: SILENT };
    const [one, two] = await Promise.all([ensureTools(options), ensureTools(options)]);
    assert.deepEqual(one, two);
    assert.equal((await calls(dir)).filter((call) => call === "build").length, TOOLS.length);
  }));

Deno.test("who waits for another's build is told so", () =>
  withDir(async (dir) => {
    const go = await fakeGo(dir, BUILDS);
    const cache = join(dir, "cache");
    const lines: string[] = [];
    const told = Promise.withResolvers<void>();
    const progress = {
      isTerminal: false,
      write: (text: string) => {
        lines.push(text);
        if (text.startsWith("Another process")) told.resolve();
      },
    };
    const { path } = await ensureTools({ go, assets: "", cache, progress: SILENT });
    await Deno.remove(path.kwok);
    await withFileLock(join(path.kwok, "..", ".lock"), async () => {
      const waiting = ensureTools({ go, assets: "", cache, progress });
      await told.promise;
      // What the other process has built meanwhile is not built again.
      await Deno.writeTextFile(path.kwok, "by the other\n");
      return { waiting };
    }).then(({ waiting }) => waiting);
    assert.equal(await Deno.readTextFile(path.kwok), "by the other\n");
    assert.equal(lines.some((line) => line.startsWith("Building")), false);
  }));

Deno.test("programs in KUBEBUILDER_ASSETS are used, the others are built", () =>
  withDir(async (dir) => {
    const assets = join(dir, "assets");
    await Deno.mkdir(assets);
    await Deno.writeTextFile(join(assets, "etcd"), "given");
    const go = await fakeGo(dir, BUILDS);
    const { path } = await ensureTools({ go, assets, cache: join(dir, "cache"), progress: SILENT });
    assert.equal(path.etcd, join(assets, "etcd"));
    assert.match(path["kube-apiserver"], /cache/);
    assert.equal((await calls(dir)).filter((call) => call === "build").length, TOOLS.length - 1);
  }));

Deno.test("without Go the error is one line that says how to get it", () =>
  withDir(async (dir) => {
    await assert.rejects(
      ensureTools({ go: join(dir, "no-go"), assets: "", cache: dir, progress: SILENT }),
      (error) =>
        error instanceof ToolsError && !error.message.includes("\n") && /go\.dev\/dl/.test(error.message) &&
        /KUBEBUILDER_ASSETS/.test(error.message),
    );
  }));

Deno.test("a build that fails says why, leaves nothing half-made, and is tried again the next time", () =>
  withDir(async (dir) => {
    const failing = await fakeGo(dir, 'echo half > "$2"; echo "undefined: x" >&2; exit 1');
    const cache = join(dir, "cache");
    const lines: string[] = [];
    const progress = { isTerminal: false, write: (text: string) => void lines.push(text) };
    await assert.rejects(
      ensureTools({ go: failing, assets: "", cache, progress }),
      (error) => error instanceof ToolsError && /undefined: x/.test(error.message),
    );
    assert.match(lines.join(""), /etcd \(1 of 6\): failed/);
    const go = await fakeGo(dir, BUILDS);
    const { path } = await ensureTools({ go, assets: "", cache, progress: SILENT });
    assert.equal(await Deno.readTextFile(path.etcd), "built go.etcd.io/etcd/server/v3\n");
    const left = [...Deno.readDirSync(join(path.etcd, ".."))].map(({ name }) => name).filter((name) =>
      name.startsWith(".") && name !== ".lock"
    );
    assert.deepEqual(left, []);
  }));
