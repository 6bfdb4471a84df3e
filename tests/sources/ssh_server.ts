/** A real OpenSSH server on a loopback port, started as this user, that lets one key in. */
import { join } from "node:path";
import { freePorts } from "../cluster/ports.ts";
import { waitFor } from "../cluster/wait.ts";
import { ensureSshd } from "./sshd_program.ts";

export interface SshServer extends AsyncDisposable {
  readonly port: number;
  /** Of the repository `template.git`. */
  readonly url: string;
  /** Lines for `known_hosts`. */
  readonly knownHosts: string;
  /** Private key that is let in, without and with a password. */
  readonly identity: string;
  readonly lockedIdentity: string;
  readonly password: string;
  /** Private key of nobody. */
  readonly strangerIdentity: string;
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" })
    .output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim();
}

/** @param root holds `template.git` */
export async function startSshServer(root: string): Promise<SshServer> {
  const sshd = await ensureSshd();
  const dir = await Deno.makeTempDir({ prefix: "coder-k8s-sshd-" });
  const file = (name: string) => join(dir, name);
  const password = "hunter2-of-the-key";
  for (
    const [name, type, secret] of [
      ["host_ed25519", "ed25519", ""],
      ["host_rsa", "rsa", ""],
      ["identity", "ed25519", ""],
      ["locked", "ed25519", password],
      ["stranger", "ecdsa", ""],
    ] as const
  ) {
    await run("ssh-keygen", ["-q", "-t", type, "-N", secret, "-C", "", "-f", file(name)]);
  }
  const read = (name: string) => Deno.readTextFile(file(name));
  await Deno.writeTextFile(file("authorized_keys"), await read("identity.pub") + await read("locked.pub"));
  const [port = 0] = freePorts(1);
  await Deno.writeTextFile(
    file("config"),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${file("host_ed25519")}
HostKey ${file("host_rsa")}
AuthorizedKeysFile ${file("authorized_keys")}
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
LogLevel ERROR
`,
  );
  // As root it wants a directory to be locked into.
  if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true });
  const process = new Deno.Command(sshd, {
    args: ["-D", "-e", "-f", file("config")],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await waitFor(async () => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    return connection.remoteAddr !== undefined;
  }, { what: "the SSH server" });
  const keys = [await read("host_ed25519.pub"), await read("host_rsa.pub")];
  const user = await run("id", ["-un"]);
  return {
    port,
    url: `ssh://${user}@127.0.0.1:${port}${join(root, "template.git")}`,
    knownHosts: keys.map((key) => `[127.0.0.1]:${port} ${key.trim()}\n`).join(""),
    identity: await read("identity"),
    lockedIdentity: await read("locked"),
    password,
    strangerIdentity: await read("stranger"),
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.status;
      await Deno.remove(dir, { recursive: true });
    },
  };
}
