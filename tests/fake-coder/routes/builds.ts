/** Builds of workspaces, and the logs of builds and of imports. */
import { notFound, ok, refuse, type Reply } from "../reply.ts";
import type { FakeRoute } from "../route.ts";
import type { FakeState } from "../state.ts";

type Row = Record<string, unknown>;

/** Writes a line into the log of a build or of a version's import. Its id grows, whatever log it is of. */
export function addLogLine(
  state: FakeState,
  id: string,
  stage: string,
  output: string,
  level = "info",
): void {
  const lines = state.logs.get(id) ?? [];
  state.logs.set(id, lines);
  lines.push({
    id: state.nextLogId++,
    created_at: state.time(),
    log_source: "provisioner",
    log_level: level,
    stage,
    output,
  });
}

/** A build with its workspace's id, whether it is the latest or not. */
function builds(state: FakeState): Row[] {
  return [
    ...state.pastBuilds,
    ...state.workspaces.map((one) => ({ ...one["latest_build"] as Row, workspace_id: one["id"] })),
  ];
}

function logOf(state: FakeState, id: string, query: URLSearchParams): Reply {
  const [after = null, before = null] = ["after", "before"].map((name) => query.get(name));
  for (const value of [after, before]) {
    if (value !== null && !/^\d+$/.test(value)) return refuse(400, "Query parameters have invalid values.");
  }
  const lines = (state.logs.get(id) ?? []).filter((line) =>
    (after === null || Number(line["id"]) > Number(after)) &&
    (before === null || Number(line["id"]) < Number(before))
  );
  return ok(lines);
}

export const buildRoutes: readonly FakeRoute[] = [
  {
    method: "GET",
    template: "/api/v2/workspacebuilds/{build}",
    handle: ({ state, parameters }) => {
      const build = builds(state).find((one) => one["id"] === parameters["build"]);
      return build === undefined ? notFound() : ok(build);
    },
  },
  {
    method: "GET",
    template: "/api/v2/workspacebuilds/{build}/logs",
    query: ["before", "after"],
    handle: ({ state, parameters, query }) => {
      const { build = "" } = parameters;
      return builds(state).some((one) => one["id"] === build) ? logOf(state, build, query) : notFound();
    },
  },
  {
    method: "GET",
    template: "/api/v2/users/{user}/workspace/{name}/builds/{number}",
    handle: ({ state, parameters }) => {
      const owner = state.user(parameters["user"] ?? "");
      const workspace = state.workspaces.find((one) =>
        one["owner_id"] === owner?.id && one["name"] === parameters["name"]
      );
      const build = builds(state).find((one) =>
        one["workspace_id"] === workspace?.["id"] && String(one["build_number"]) === parameters["number"]
      );
      return build === undefined ? notFound() : ok(build);
    },
  },
  {
    method: "GET",
    template: "/api/v2/templateversions/{version}/logs",
    query: ["before", "after"],
    handle: ({ state, parameters, query }) => {
      const { version = "" } = parameters;
      const isThere = state.templateVersions.some((one) => one["id"] === version);
      return isThere ? logOf(state, version, query) : notFound();
    },
  },
];
