/** Where and how sessions run on this machine: values → configuration. */
import type { SandboxConfig } from "../../app/sandbox/config.ts";
import type { Mistake } from "../mistake.ts";
import type { sandboxOptions } from "./common_options.ts";
import { directoryDefaults, type Machine, noDirectory } from "./machine.ts";
import type { Values } from "./option.ts";

type SandboxValues = Values<typeof sandboxOptions>;

/** Puts it together; values that were mistakes are absent, and then nothing comes of it. */
export function sandboxConfig(
  values: Partial<SandboxValues>,
  machine: Machine,
  environment: Readonly<Record<string, string>>,
): { readonly config: SandboxConfig; readonly mistakes: readonly Mistake[] } {
  const all = values as SandboxValues;
  const usual = directoryDefaults(machine, environment);
  const { workspacesDir = usual.workspacesDir, cacheDir = usual.cacheDir } = all;
  const mistakes: Mistake[] = [];
  if (workspacesDir === undefined) mistakes.push(noDirectory("--workspaces-dir"));
  if (cacheDir === undefined && all.packageMirror) mistakes.push(noDirectory("--cache-dir"));
  const config: SandboxConfig = {
    workspacesDir: workspacesDir ?? "",
    allowUnisolated: all.allowUnisolated,
    allowNodeRoot: all.allowNodeRoot,
    capacity: all.capacity,
    limits: {
      cpuMs: all.sessionCpu,
      memoryBytes: all.sessionMemory,
      processes: all.sessionProcesses,
      diskBytes: all.sessionDisk,
      outputBytes: all.sessionOutput,
      openFiles: all.sessionOpenFiles,
    },
    sessionUids: all.sessionUids,
    readOnlyPaths: all.readOnlyPaths,
    egress: all.egress,
    packageMirror: all.packageMirror,
    pypiUrl: all.pypiUrl,
    npmUrl: all.npmUrl,
    cacheDir: cacheDir ?? "",
    cacheBytes: all.cacheSize,
    python: all.python,
  };
  return { config, mistakes };
}
