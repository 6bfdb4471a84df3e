/** What a template is made of besides its files. */
import { createHash } from "node:crypto";
import { SourceError } from "../errors.ts";
import type { SecretData } from "../types.ts";
import type { FollowedTemplate } from "./ports.ts";

type ReadSecret = (name: string, signal: AbortSignal) => Promise<SecretData | undefined>;

/** Another one means that something else is asked for. */
export function hashOf(
  { source, variables, tags }: Pick<FollowedTemplate, "source" | "variables" | "tags">,
): string {
  const { git, oci, path } = source;
  const sorted = Object.entries(tags).sort(([a], [b]) => a < b ? -1 : 1);
  return createHash("sha256").update(JSON.stringify([git, oci, path, variables, sorted])).digest("hex").slice(
    0,
    16,
  );
}

/** From 0 to 1, always the same for a template. */
export function jitterOf(template: string): number {
  return createHash("sha256").update(template).digest().readUInt16BE(0) / 65_536;
}

/** The Secret that a source names; undefined where it names none. */
export async function secretOf(
  { git, oci }: FollowedTemplate["source"],
  read: ReadSecret,
  signal: AbortSignal,
): Promise<SecretData | undefined> {
  const name = (git ?? oci)?.secretRef?.name;
  if (name === undefined) return undefined;
  const data = await read(name, signal);
  if (data !== undefined) return data;
  throw new SourceError("SecretMissing", `there is no Secret ${name} beside the control plane`);
}

/** Values of the variables. */
export async function variablesOf(
  { variables }: FollowedTemplate,
  read: ReadSecret,
  signal: AbortSignal,
): Promise<{ name: string; value: string }[]> {
  const values: { name: string; value: string }[] = [];
  for (const { name, value = "", valueFrom } of variables) {
    if (valueFrom === undefined) {
      values.push({ name, value });
      continue;
    }
    const { name: secret, key } = valueFrom.secretKeyRef;
    const bytes = (await read(secret, signal))?.get(key);
    if (bytes === undefined) {
      throw new SourceError(
        "SecretMissing",
        `the Secret ${secret} with key ${key}, for variable ${name}, is not there`,
      );
    }
    values.push({ name, value: new TextDecoder().decode(bytes) });
  }
  return values;
}
