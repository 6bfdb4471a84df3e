/** What provisioner daemons of a fake Coder do: all builds and imports that wait are carried out, soon. */
import { readTar } from "../../src/archive/mod.ts";
import { isActive } from "../fake-coder/life.ts";
import { addLogLine, endBuild, endImport, type FakeCoder } from "../fake-coder/mod.ts";

type Row = Record<string, unknown>;

const TICK_MS = 50;

export interface Daemon extends Disposable {
  /** While it is set nothing is carried out. */
  isPaused: boolean;
}

/** Versions whose main.tf has the word `broken` cannot be imported; those that can have the parameter `cpus`. */
export function startDaemon({ state }: FakeCoder): Daemon {
  const isBroken = (version: Row) => {
    const archive = state.files.get(String((version["job"] as Row)["file_id"])) ?? new Uint8Array();
    const main = [...readTar(archive)].find(({ path }) => path === "main.tf");
    return new TextDecoder().decode(main?.content).includes("broken");
  };
  const daemon: Daemon = {
    isPaused: false,
    [Symbol.dispose]: () => clearInterval(timer),
  };
  const timer = setInterval(() => {
    if (daemon.isPaused) return;
    for (const version of state.templateVersions) {
      if ((version["job"] as Row)["status"] !== "pending") continue;
      const id = String(version["id"]);
      if (isBroken(version)) {
        addLogLine(state, id, "Planning", "Error: Invalid block definition", "error");
        endImport(state, id, "exit status 1");
        continue;
      }
      const cpus = { name: "cpus", type: "number", mutable: true, required: false, default_value: "1" };
      state.versionInputs.set(id, { parameters: [cpus], presets: [] });
      endImport(state, id);
    }
    for (const workspace of state.workspaces) {
      if (isActive(workspace["latest_build"] as Row)) endBuild(state, workspace);
    }
  }, TICK_MS);
  return daemon;
}
