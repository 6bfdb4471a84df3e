import assert from "node:assert/strict";
import { join } from "node:path";
import { ToolsError } from "../cluster/go_build.ts";
import { SILENT } from "../cluster/progress.ts";
import { ensureInformerProgram } from "./go_program.ts";

/** A `go` that makes a small file in the place of the program, and notes each build. */
async function fakeGo(dir: string): Promise<string> {
  const go = join(dir, "go");
  await Deno.writeTextFile(
    go,
    `#!/bin/sh
[ "$1" = build ] || exit 0
echo built >> ${dir}/calls
while [ "$1" != -o ]; do shift; done
echo program > "$2"
`,
    { mode: 0o755 },
  );
  return go;
}

Deno.test("the informers of client-go are built once, also for those who ask at the same time", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const options = { go: await fakeGo(dir), cache: join(dir, "cache"), progress: SILENT };
    const [first, second] = await Promise.all([
      ensureInformerProgram(options),
      ensureInformerProgram(options),
    ]);
    assert.equal(first, second);
    assert.equal(await ensureInformerProgram(options), first);
    assert.equal(await Deno.readTextFile(first), "program\n");
    assert.equal(await Deno.readTextFile(join(dir, "calls")), "built\n");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("without Go it is said what is needed for the informers of client-go", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const asked = ensureInformerProgram({ go: join(dir, "no-go"), cache: dir, progress: SILENT });
    await assert.rejects(
      asked,
      (error: Error) => error instanceof ToolsError && /needs? Go/.test(error.message),
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
