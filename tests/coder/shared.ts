/** One coderd for many test files. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exists, withFileLock } from "../cluster/paths.ts";
import { ownerOf } from "../cluster/processes.ts";
import { Coderd } from "./coderd.ts";
import { coderdFiles } from "./coderd_state.ts";
import { startCoderd } from "./start.ts";
import { startPostgres } from "./postgres.ts";

/** Names the `coderd.json` of the coderd that `sharedCoderd` shall use. */
export const SHARED_CODERD_VARIABLE = "CODER_K8S_TEST_CODERD";

let shared: Promise<Coderd> | undefined;

/**
 * The coderd that all test files share: the one that `CODER_K8S_TEST_CODERD` names (set by `withSharedCoderd`), else one
 * that is started for this process, with a PostgreSQL, and ends with it. Use users, templates and workspaces of your own;
 * start a coderd of your own to stop or kill it or its database. Disposing of the handle ends nothing.
 */
export function sharedCoderd(): Promise<Coderd> {
  shared ??= find();
  return shared;
}

/** Runs `run` while one coderd is up, named in the environment so that child processes share it; then ends it. */
export async function withSharedCoderd<T>(run: (coderd: Coderd) => Promise<T>): Promise<T> {
  const given = Deno.env.get(SHARED_CODERD_VARIABLE);
  if (given) return await run(await Coderd.open(given));
  await using postgres = await startPostgres();
  await using coderd = await startCoderd({ postgres, restartAfter: 1 });
  Deno.env.set(SHARED_CODERD_VARIABLE, coderd.statePath);
  try {
    return await run(coderd);
  } finally {
    Deno.env.delete(SHARED_CODERD_VARIABLE);
  }
}

async function find(): Promise<Coderd> {
  const given = Deno.env.get(SHARED_CODERD_VARIABLE);
  if (given) return await Coderd.open(given);
  // Test files are separate module graphs in one process: they meet at a directory that carries its name.
  const { pid, startTime } = ownerOf();
  const dir = join(tmpdir(), `coder-k8s-shared-coderd-${pid}-${startTime}`);
  const ready = join(dir, "ready");
  const lock = `${dir}.lock`;
  try {
    return await withFileLock(lock, async () => {
      if (!(await exists(ready))) {
        const postgres = await startPostgres({ dir: `${dir}-postgres` });
        await startCoderd({ postgres, dir, restartAfter: 1 });
        await Deno.writeTextFile(ready, "");
      }
      return await Coderd.open(coderdFiles(dir).state);
    });
  } finally {
    await Deno.remove(lock).catch(() => {});
  }
}
