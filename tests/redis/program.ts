/** Redis' server: where it is, or, as root on Debian, installed. */
import { ensureDebianProgram } from "../cluster/debian_package.ts";

/** The path of `redis-server`. @throws {ToolsError} one line that says how to get it */
export function ensureRedis(): Promise<string> {
  return ensureDebianProgram({
    program: "redis-server",
    package: "redis-server",
    need: "which tests of the shared store of sessions need",
  });
}
