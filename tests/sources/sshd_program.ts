/** OpenSSH's server: where it is, or, as root on Debian, installed. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ToolsError } from "../cluster/go_build.ts";
import { withFileLock } from "../cluster/paths.ts";
import { standardError, step } from "../cluster/progress.ts";
import { findOnPath, isExecutable } from "../coder/find_program.ts";

const DEBIAN = "/usr/sbin/sshd";

/** Its path. @throws {ToolsError} one line that says how to get it */
export async function ensureSshd(): Promise<string> {
  const found = await findSshd();
  if (found !== undefined) return found;
  const apt = await findOnPath("apt-get");
  if (apt === undefined || Deno.uid() !== 0) throw missing("is not installed");
  return await withFileLock(join(tmpdir(), "coder-k8s-openssh-server.lock"), async () => {
    const meanwhile = await findSshd();
    if (meanwhile !== undefined) return meanwhile;
    await step(standardError(), "installing OpenSSH's server (apt-get install openssh-server)", async () => {
      await install(apt, ["update"]);
      await install(apt, ["install", "-y", "--no-install-recommends", "openssh-server"]);
    });
    const installed = await findSshd();
    if (installed !== undefined) return installed;
    throw missing("was installed with apt-get and still is not there");
  });
}

async function findSshd(): Promise<string | undefined> {
  const onPath = await findOnPath("sshd");
  return onPath ?? (await isExecutable(DEBIAN) ? DEBIAN : undefined);
}

async function install(apt: string, args: readonly string[]): Promise<void> {
  // The test's server is one of its own, on a port of its own.
  const env = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const { success, stderr } = await new Deno.Command(apt, { args: [...args], env, stdin: "null" }).output();
  if (success) return;
  const reason = new TextDecoder().decode(stderr).trim().split("\n").slice(-5).join("; ");
  throw missing(`cannot be installed: apt-get ${args.join(" ")} said: ${reason}`);
}

function missing(what: string): ToolsError {
  return new ToolsError(
    `sshd, which tests of Git over SSH need, ${what}: run \`apt-get install openssh-server\` as root`,
  );
}
