/** The chart as an earlier version would have been: its CRDs lack fields that this one's have. */
import { join } from "node:path";
import { CHART } from "./helm.ts";

/** A field of control planes that the older chart's CRD does not have. */
export const NEW_FIELD = "licenseSecretRef";

/** Writes it to a new folder below `dir`; the folder. */
export async function olderChart(dir: string): Promise<string> {
  const target = join(dir, "coder-k8s-older");
  await copy(CHART, target);
  const crd = join(target, "templates/crds/codercontrolplanes.yaml");
  await Deno.writeTextFile(crd, withoutField(await Deno.readTextFile(crd), NEW_FIELD));
  const about = join(target, "Chart.yaml");
  const text = await Deno.readTextFile(about);
  await Deno.writeTextFile(about, text.replace(/^version: .*$/m, "version: 0.0.1"));
  return target;
}

/** The YAML without the first property of that name: its line, and all that is further in. */
export function withoutField(text: string, field: string): string {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.trim() === `${field}:`);
  if (start < 0) throw new Error(`there is no field ${field}`);
  const column = (line: string) => line.length - line.trimStart().length;
  const own = column(lines[start]!);
  let end = start + 1;
  while (end < lines.length && (lines[end] === "" || column(lines[end]!) > own)) end++;
  return [...lines.slice(0, start), ...lines.slice(end)].join("\n");
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copy(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}
