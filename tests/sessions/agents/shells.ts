/** For tests: workspaces with the shells and tools that images have. */
import { ensureDebianProgram } from "../../cluster/debian_package.ts";

/** `dash`, `bash`: with GNU's tools; `busybox`: it alone. */
export const KINDS = ["dash", "bash", "busybox"] as const;
export type Kind = (typeof KINDS)[number];

export interface Tools extends AsyncDisposable {
  /** A `PATH` whose `sh` it is. */
  readonly path: string;
  /** The login shell. */
  readonly shell: string;
}

export async function toolsOf(kind: Kind): Promise<Tools> {
  const directory = await Deno.makeTempDir({ prefix: `tools-${kind}-` });
  const need = "which tests of sessions in workspaces need";
  const program = await ensureDebianProgram({ program: kind, package: kind, need });
  if (kind === "busybox") {
    const { stdout } = await new Deno.Command(program, { args: ["--list"] }).output();
    for (const name of new TextDecoder().decode(stdout).trim().split("\n")) {
      await Deno.symlink(program, `${directory}/${name}`);
    }
    // Programs of the suite itself; and the test's terminals need it.
    await Deno.symlink(await pythonProgram(), `${directory}/python3`);
  } else await Deno.symlink(program, `${directory}/sh`);
  return {
    path: kind === "busybox" ? directory : `${directory}:/usr/local/bin:/usr/bin:/bin`,
    shell: "sh",
    async [Symbol.asyncDispose]() {
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** The program itself, behind whatever is called so. */
export async function pythonProgram(): Promise<string> {
  const { stdout } = await new Deno.Command("python3", { args: ["-c", "import sys; print(sys.executable)"] })
    .output();
  return new TextDecoder().decode(stdout).trim();
}
