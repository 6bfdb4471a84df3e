/** What a process may do shrinks to what its mode needs, for good, as soon as it has started. */
import { getCACertificates } from "node:tls";
import type { Mode } from "./config.ts";

/** `import` is missing from Deno's own type. */
type Permission = Deno.PermissionName | "import";

/** Commands of a person, which end by themselves. */
export type OneLook =
  | "check"
  | "diagnose"
  | "install"
  | "kubectl-coder"
  | "support-bundle"
  | "top"
  | "uninstall";

/** Processes of sandbox sessions. */
export type SandboxProcess = "coordinator" | "worker";

/** What no process of this build needs once its configuration and kubeconfig are read. */
const NEVER: readonly Permission[] = ["ffi", "import"];
/** What most do not need, either. */
const SELDOM: readonly Permission[] = ["run", "write", "sys"];

/** Permissions that a process does not need once its configuration and kubeconfig are read. */
function droppedBy(mode: Mode | OneLook | SandboxProcess): readonly Permission[] {
  // A worker starts what runs for sessions, keeps their files, and looks at its disk.
  return mode === "worker" ? NEVER : [...SELDOM, ...NEVER];
}

/** What was done. */
export interface DroppedPermissions {
  readonly dropped: readonly string[];
  readonly kept: readonly string[];
  /** Why one that the mode does not need was kept; absent where none was. */
  readonly note?: string;
}

/**
 * Gives up what `mode` does not need. A kubeconfig with an exec plugin (`execCommand`) runs that program whenever its
 * credentials expire, so `run` stays for it: a permission that was granted as a whole cannot be narrowed to one program,
 * only dropped. In a cluster there is no plugin.
 *
 * @param writes a file is written to: that of `--mcp-audit-log`
 */
export async function dropPermissions(
  mode: Mode | OneLook | SandboxProcess,
  execCommand?: string,
  writes = false,
): Promise<DroppedPermissions> {
  keepAuthorities();
  const needed = [...(execCommand === undefined ? [] : ["run"]), ...(writes ? ["write"] : [])];
  const unneeded = droppedBy(mode).filter((name) => !needed.includes(name));
  for (const name of unneeded) await Deno.permissions.revoke(descriptor(name));
  const all: Permission[] = ["run", "read", "write", "net", "env", "sys", "ffi", "import"];
  const states = await Promise.all(
    all.map(async (name) => [name, (await Deno.permissions.query(descriptor(name))).state] as const),
  );
  const kept = states.filter(([, state]) => state === "granted").map(([name]) => name);
  const note = execCommand === undefined || !droppedBy(mode).includes("run")
    ? {}
    : { note: `the kubeconfig's exec plugin ${execCommand} needs the permission to start programs` };
  return { dropped: unneeded, kept, ...note };
}

/**
 * Certificates of public authorities, for servers whose own are not named: Node's TLS reads them when the first such
 * connection is made, with a permission that is gone by then, and keeps what it has read.
 */
function keepAuthorities(): void {
  try {
    getCACertificates("default");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
}

function descriptor(name: Permission): Deno.PermissionDescriptor {
  return { name } as Deno.PermissionDescriptor;
}
