/** Whoever builds in a fake Coder: takes what is waiting, and ends it well. */
import {
  addLogLine,
  beginImport,
  endBuild,
  endImport,
  type FakeState,
  pickUpBuild,
} from "../../fake-coder/mod.ts";

type Row = Record<string, unknown>;

const TURN_MS = 20;

/** Builds until the value that is returned is disposed of. Two turns are one build. */
export function startBuilder(state: FakeState): Disposable {
  const timer = setInterval(() => turn(state), TURN_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Takes what waits, ends what it took before. */
export function turn(state: FakeState): void {
  for (const workspace of state.workspaces) {
    const build = workspace["latest_build"] as Row;
    const status = (build["job"] as Row | undefined)?.["status"];
    if (status === "pending") pickUpBuild(state, workspace);
    else if (status === "running") {
      addLogLine(state, String(build["id"]), "Applying", "Apply complete!");
      endBuild(state, workspace);
    }
  }
  for (const version of state.templateVersions) {
    const { status } = version["job"] as Row;
    if (status === "pending") beginImport(state, String(version["id"]));
    else if (status === "running") endImport(state, String(version["id"]));
  }
  for (const run of state.dryRuns) if (run["status"] === "pending") run["status"] = "succeeded";
}

/** Nothing waits, and nothing is under way. */
export function isAtRest(state: FakeState): boolean {
  const active = (row: Row) => ["pending", "running", "canceling"].includes(String(row["status"]));
  return state.workspaces.every((one) => !active(((one["latest_build"] as Row)["job"] ?? {}) as Row)) &&
    state.templateVersions.every((one) => !active(one["job"] as Row));
}
