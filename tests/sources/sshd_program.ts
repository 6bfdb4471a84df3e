/** OpenSSH's server: where it is, or, as root on Debian, installed. */
import { ensureDebianProgram } from "../cluster/debian_package.ts";

/** Its path. @throws {ToolsError} one line that says how to get it */
export function ensureSshd(): Promise<string> {
  return ensureDebianProgram({
    program: "sshd",
    package: "openssh-server",
    places: ["/usr/sbin/sshd"],
    need: "which tests of Git over SSH need",
  });
}
