/** A Git repository on disk, changed by the real `git`. */
import { dirname, join } from "node:path";

export interface Repository extends AsyncDisposable {
  /** Holds the bare repository `template.git`, and nothing else that is served. */
  readonly root: string;
  /** Writes files (null: removes them) and commits; the commit. */
  commit(files: Readonly<Record<string, string | Uint8Array | null>>, message?: string): Promise<string>;
  git(...args: string[]): Promise<string>;
  /** Publishes what is committed. */
  push(...refs: string[]): Promise<void>;
}

/** A new one, with a branch `main` and no commit. */
export async function newRepository(): Promise<Repository> {
  const dir = await Deno.makeTempDir({ prefix: "coder-k8s-git-" });
  const root = join(dir, "served");
  const work = join(dir, "work");
  await Deno.mkdir(root);
  const run = async (cwd: string, args: string[]) => {
    const { success, stdout, stderr } = await new Deno.Command("git", {
      args: [
        "-c",
        "user.name=Alice",
        "-c",
        "user.email=alice@example.com",
        "-c",
        "protocol.file.allow=always",
        ...args,
      ],
      cwd,
      env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
    }).output();
    if (!success) throw new Error(`git ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout).trim();
  };
  await run(dir, ["init", "-q", "--bare", "-b", "main", join(root, "template.git")]);
  await run(dir, ["init", "-q", "-b", "main", work]);
  await run(work, ["remote", "add", "origin", join(root, "template.git")]);
  const git = (...args: string[]) => run(work, args);
  return {
    root,
    git,
    async commit(files, message = "A change") {
      for (const [path, content] of Object.entries(files)) {
        const file = join(work, path);
        if (content === null) await Deno.remove(file);
        else {
          await Deno.mkdir(dirname(file), { recursive: true });
          await Deno.writeFile(
            file,
            typeof content === "string" ? new TextEncoder().encode(content) : content,
          );
        }
      }
      await git("add", "-A");
      await git("commit", "-q", "--allow-empty", "-m", message);
      await git("push", "-q", "origin", "HEAD");
      return await git("rev-parse", "HEAD");
    },
    async push(...refs) {
      await git("push", "-q", "-f", "origin", ...refs);
    },
    async [Symbol.asyncDispose]() {
      await Deno.remove(dir, { recursive: true });
    },
  };
}
