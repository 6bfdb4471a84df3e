/** Tools that npm has installed, wherever above they are. */
import type { Ended } from "./types.ts";

/** A line of `sh` that finds the tools of `root` (below the session's directory, where it is started) and of what is above. */
export function withPackages(root: string, line: string): string {
  const depth = root === "." ? 0 : root.replace(/^\.\//, "").split("/").length;
  const places = Array.from({ length: depth + 1 }, (_, up) => `$PWD${"/..".repeat(up)}/node_modules/.bin`);
  return `PATH="${places.join(":")}:$PATH"; ${line}`;
}

export function installedBy(name: string): (ended: Ended) => string | undefined {
  return ({ exitCode }) =>
    exitCode === 127 ? `install it with pkg.install, manager "npm", packages ["${name}"]` : undefined;
}
