/** For this folder's tests: a directory, and programs that only say how they were called. */
import { join } from "node:path";

/** Runs with a directory that is removed afterwards. */
export async function withDir(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "coder-test-" });
  try {
    await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** An executable shell script; its path. */
export async function script(dir: string, name: string, text = ""): Promise<string> {
  const path = join(dir, name);
  await Deno.mkdir(dir, { recursive: true });
  await Deno.writeTextFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}
