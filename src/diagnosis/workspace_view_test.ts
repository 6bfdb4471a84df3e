import assert from "node:assert/strict";
import type { CoderWorkspace } from "../api/workspace.ts";
import { agent, ago, build, ID, object, refused, seen, UNREAD } from "./rules/builds/testing.ts";
import { workspaceView } from "./workspace_view.ts";

Deno.test("Coder's own record is what counts, and the aggregated object tells the rest", () => {
  const workspace = object({ ...refused("no"), latestBuildStatus: "stopped", dormantAt: ago(9) });
  const view = workspaceView(seen({ workspace, build: build() }));
  assert.deepEqual([view?.status, view?.dormantAt, view?.build.number], ["running", "", 4]);
  assert.deepEqual(view?.refusal, { at: ago(90), message: "no" });
  assert.deepEqual(
    [view?.ref, view?.coderName, view?.controlPlane, view?.templateObject, view?.id],
    ["lab/acme.ann.dev", "ann/dev", "coder", "acme.docker", ID],
  );
});

Deno.test("without Coder's record, the aggregated object is what there is", () => {
  const agents = [
    { id: "1", name: "main", status: "timeout", lifecycleState: "created", healthy: false, reason: "late" },
    { id: "2", name: "container", parentID: "1", healthy: true },
  ];
  const view = workspaceView({ ...seen({ workspace: object({ agents }) }), build: UNREAD });
  assert.deepEqual([view?.status, view?.coderName, view?.organization], ["running", "ann/dev", "acme"]);
  assert.deepEqual(view?.agents, [{
    id: "1",
    name: "main",
    status: "timeout",
    lifecycle: "created",
    health: { healthy: false, reason: "late" },
    apps: [],
  }]);
  assert.deepEqual([view?.build.createdAt, view?.build.endedAt], [ago(620), ago(601)]);
});

Deno.test("names that begin with a control plane's are kept for templates", () => {
  const facts = seen({ build: build({ agents: [agent()] }) });
  const subject = { ...facts.subject, name: "west.acme.ann.dev" };
  assert.equal(workspaceView({ ...facts, subject })?.templateObject, "west.acme.docker");
});

Deno.test("nothing is seen where nothing was read, and a strange object is no reason to fail", () => {
  assert.equal(workspaceView(seen({})), undefined);
  for (
    const strange of [{}, { metadata: 3, spec: [], status: "x" }, {
      status: { agents: [null], conditions: {} },
    }]
  ) {
    const view = workspaceView(seen({ workspace: strange as unknown as CoderWorkspace }));
    assert.deepEqual([view?.status, view?.id, view?.coderName, view?.refusal], ["", "", "", undefined]);
  }
});
