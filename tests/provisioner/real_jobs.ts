/** Jobs of a real Coder that wait for a daemon with tags: nobody takes them, until one is there or they are cancelled. */
import { type Coderd, plainTemplate } from "../coder/mod.ts";
import { tar } from "../coder/tar.ts";

/** Asks for the import of a template with tags; id of its version. */
export async function importWith(
  coderd: Coderd,
  token: string,
  tags: Record<string, string>,
): Promise<string> {
  const file = await coderd.request("POST", "/api/v2/files", {
    token,
    body: tar(plainTemplate()),
    headers: { "content-type": "application/x-tar" },
  });
  const version = await coderd.request("POST", "/api/v2/organizations/default/templateversions", {
    token,
    body: { storage_method: "file", file_id: file.hash, provisioner: "terraform", tags },
  });
  return version.id;
}

/** Ends the jobs of those versions. */
export async function cancelImports(
  coderd: Coderd,
  token: string,
  versions: readonly string[],
): Promise<void> {
  for (const id of versions) {
    await coderd.request("PATCH", `/api/v2/templateversions/${id}/cancel`, { token });
  }
}
