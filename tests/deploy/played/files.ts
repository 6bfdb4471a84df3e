/** The volumes of a pod as directories of this machine. */
import { dirname, join } from "node:path";
import type { PodTemplate, ReadData, Volume } from "./template.ts";

/** A pod's own directory is a real one, and stays what it is. */
const AS_IT_IS = "/tmp";

/**
 * Writes what the first container mounts below `directory`; where each mount path is then.
 *
 * @throws {Error} where a kubelet would not start the pod: a ConfigMap or a Secret is not there
 */
export async function writeVolumes(
  { spec }: PodTemplate,
  directory: string,
  read: ReadData,
): Promise<Map<string, string>> {
  const moved = new Map<string, string>();
  for (const { name, mountPath, subPath } of spec.containers[0]?.volumeMounts ?? []) {
    if (mountPath === AS_IT_IS) continue;
    const volume = spec.volumes?.find((one) => one.name === name);
    if (volume === undefined) {
      throw new Error(`the mount ${mountPath} names the volume ${name}, which is not there`);
    }
    const at = join(directory, name);
    await Deno.mkdir(at, { recursive: true, mode: 0o700 });
    await fill(at, volume, read);
    moved.set(mountPath, subPath === undefined ? at : join(at, subPath));
  }
  return moved;
}

async function fill(directory: string, volume: Omit<Volume, "name">, read: ReadData): Promise<void> {
  const { configMap, secret, projected, emptyDir, persistentVolumeClaim } = volume;
  if (emptyDir !== undefined || persistentVolumeClaim !== undefined) return;
  if (projected !== undefined) {
    for (const source of projected.sources) await fill(directory, source, read);
    return;
  }
  const name = configMap?.name ?? secret?.secretName ?? (secret as { name?: string } | undefined)?.name;
  if (name === undefined) throw new Error(`such a volume is not played: ${JSON.stringify(volume)}`);
  const data = await read(configMap === undefined ? "secrets" : "configmaps", name);
  if (data === undefined) throw new Error(`a volume names ${name}, which is not there`);
  const items = (configMap ?? secret)?.items ?? Object.keys(data).map((key) => ({ key, path: key }));
  for (const { key, path } of items) {
    const text = data[key];
    if (text === undefined) throw new Error(`a volume names the key ${key} of ${name}, which is not there`);
    const file = join(directory, path);
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(file, text, { mode: 0o600 });
  }
}
