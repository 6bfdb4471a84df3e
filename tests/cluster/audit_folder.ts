/** A folder in which the audit logs of all clusters stay when these have gone: whoever runs many tests looks into it. */
import { join } from "node:path";

/** Names the folder; not set, a log goes with its cluster. */
export const AUDIT_FOLDER_VARIABLE = "CODER_K8S_TEST_AUDIT";

/** Makes the log of a new cluster a file in the folder, where there is one. `path` becomes a link to it. */
export async function linkAuditLog(
  path: string,
  cluster: string,
  folder: string | undefined = Deno.env.get(AUDIT_FOLDER_VARIABLE),
): Promise<void> {
  if (!folder) return;
  const file = join(folder, `${cluster}-${crypto.randomUUID().slice(0, 8)}.log`);
  try {
    await Deno.writeTextFile(file, "", { mode: 0o600 });
  } catch (error) {
    // Whoever collects has gone.
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  await Deno.symlink(file, path);
}

/** The logs in a folder. */
export async function auditLogs(folder: string): Promise<string[]> {
  const logs: string[] = [];
  for await (const { name } of Deno.readDir(folder)) if (name.endsWith(".log")) logs.push(join(folder, name));
  return logs.sort();
}
