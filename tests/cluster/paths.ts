/** Where things lie on disk, outside the work tree. */
import { join } from "node:path";

/** `${XDG_CACHE_HOME:-~/.cache}/coder-k8s`. */
export function cacheHome(env: (name: string) => string | undefined = (name) => Deno.env.get(name)): string {
  const xdg = env("XDG_CACHE_HOME");
  if (xdg) return join(xdg, "coder-k8s");
  const home = env("HOME");
  if (!home) {
    throw new Error("neither XDG_CACHE_HOME nor HOME is set: there is nowhere to keep the cluster tools");
  }
  return join(home, ".cache", "coder-k8s");
}

/** The directory of a named cluster. */
export function namedClusterDir(name: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) {
    throw new Error(
      `cluster name "${name}" is not usable: lower-case letters, digits and "-", at most 40 of them`,
    );
  }
  return join(cacheHome(), "clusters", name);
}

/** Whether a file or directory is there. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Removes a tree; one that is not there is fine. A process that is just ending may still write: tried again. */
export async function removeTree(path: string): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound && !(await exists(path))) return;
      if (attempt >= 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Writes a file that only its owner may read, so that a reader sees all of it or nothing. */
export async function writeWhole(path: string, content: string): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  await Deno.writeTextFile(temporary, content, { mode: 0o600 });
  await Deno.rename(temporary, path);
}

/** Runs alone among all processes that name the same lock file. The lock goes with the process that holds it. */
export async function withFileLock<T>(
  path: string,
  run: () => Promise<T>,
  onWait: () => void = () => {},
): Promise<T> {
  const file = await Deno.open(path, { create: true, write: true });
  try {
    if (!(await file.tryLock(true))) {
      onWait();
      await file.lock(true);
    }
    return await run();
  } finally {
    file.close();
  }
}
