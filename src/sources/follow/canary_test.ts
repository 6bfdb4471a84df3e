import assert from "node:assert/strict";
import { ActionError } from "../../actions/mod.ts";
import type { Workspace } from "../../inventory/mod.ts";
import { canaryLook, createCanary } from "./canary.ts";

const BEGUN = "2026-01-01T00:00:00Z";
const at = (seconds: number) => Date.parse(BEGUN) + seconds * 1_000;

function trial(status: string, agents: [string, string][] = [], more: object = {}): Workspace {
  const shown = agents.map(([status, lifecycle_state], index) => ({
    name: `agent-${index}`,
    status,
    lifecycle_state,
  }));
  const latest_build = { transition: "start", status, resources: [{ agents: shown }], ...more };
  return { id: "w", latest_build } as unknown as Workspace;
}

Deno.test("a trial is over when its build is, or when its agents are ready where that is asked for", () => {
  const look = (workspace: Workspace | undefined, waitForAgents = false) =>
    canaryLook(workspace, { waitForAgents }, BEGUN, at(1)).is;
  assert.equal(look(undefined), "missing");
  assert.equal(look(trial("pending")), "waiting");
  assert.equal(look(trial("running", [["connecting", "created"]])), "ready");
  assert.equal(look(trial("running", [["connecting", "created"]]), true), "waiting");
  assert.equal(look(trial("running", [["connected", "starting"]]), true), "waiting");
  assert.equal(look(trial("running", [["connected", "ready"], ["connected", "ready"]]), true), "ready");
  assert.equal(look(trial("running"), true), "ready");
});

Deno.test("a trial that fails says how", () => {
  const words = (workspace: Workspace | undefined, seconds = 1, waitForAgents = true) => {
    const seen = canaryLook(workspace, { timeoutSeconds: 60, waitForAgents }, BEGUN, at(seconds));
    return seen.is === "failed" ? `${seen.reason}: ${seen.message}` : seen.is;
  };
  assert.match(
    words(trial("failed", [], { job: { error: "no disk" } })),
    /CanaryFailed: .*could not be built: no disk$/,
  );
  assert.match(words(trial("canceled")), /could not be built$/);
  assert.match(words(trial("deleting", [], { transition: "delete" })), /stopped or deleted by somebody/);
  assert.match(words(trial("running", [["connected", "start_error"]])), /agent-0, which is start_error/);
  assert.match(words(undefined, 60), /CanaryTimedOut: .*within 60 s: it was not made/);
  assert.match(words(trial("starting"), 60), /its build is starting/);
  assert.match(words(trial("running", [["connecting", "created"]]), 60), /agent-0 is connecting, created/);
  assert.equal(words(trial("starting"), 59), "waiting");
});

Deno.test("its workspace is made of the very version, with values and preset, once", async () => {
  const made: unknown[] = [];
  let refusal: Error | undefined;
  const workspaces = {
    create: (creation: unknown) => {
      made.push(creation);
      return refusal === undefined ? Promise.resolve({} as never) : Promise.reject(refusal);
    },
  };
  const attempt = { canary: { name: "canary-1", at: BEGUN }, version: "v" };
  const owner = { id: "me", name: "operator" };
  const context = { by: "source", signal: new AbortController().signal };
  const create = () =>
    createCanary(workspaces, owner, attempt, { parameters: { size: "s" }, presetID: "p" }, context);
  await create();
  assert.deepEqual(made, [{
    owner,
    name: "canary-1",
    source: { versionId: "v" },
    parameters: [{ name: "size", value: "s" }],
    presetId: "p",
  }]);
  refusal = new ActionError("exists", "it is there");
  await create();
  refusal = new ActionError("invalid", "no such parameter");
  await assert.rejects(create(), refusal);
});
