import assert from "node:assert/strict";
import type { Workspace } from "../../coder/mod.ts";
import { build, workspace } from "../../inventory/testing/records.ts";
import { nameOf, oneLine, verdictOf } from "./state.ts";

type Build = Workspace["latest_build"];
const verdict = (latest: Partial<Build>, changes: Partial<Workspace> = {}) =>
  verdictOf(workspace({ latest_build: build(latest), ...changes }));
const job = (error: string) => ({ ...build().job!, error });

Deno.test("what runs, or is about to, needs nobody's consent", () => {
  assert.deepEqual(verdict({ status: "running" }), { is: "running" });
  for (const status of ["pending", "starting"]) {
    assert.deepEqual(verdict({ status, transition: "start" }), { is: "starting" });
  }
  // What is dormant and runs all the same can be worked in, and what is outdated, too.
  assert.deepEqual(verdict({ status: "running" }, { dormant_at: "2026-05-01T10:00:00Z" }), { is: "running" });
  const outdated = { outdated: true, template_require_active_version: true };
  assert.deepEqual(verdict({ status: "running" }, outdated), { is: "running" });
});

Deno.test("what is stopped can be started, and why it does not run is said", () => {
  const stopped = { status: "stopped", transition: "stop" };
  assert.deepEqual(verdict(stopped), { is: "stopped", why: "is stopped" });
  assert.deepEqual(verdict(stopped, { dormant_at: "2026-05-01T10:00:00Z" }), {
    is: "stopped",
    why: "is dormant since 2026-05-01T10:00:00.000Z",
  });
  assert.deepEqual(verdict({ status: "failed", transition: "start", job: job("no \u001b[31mquota\nleft") }), {
    is: "stopped",
    why: "is not running: its latest build, a start, failed: no [31mquota left",
  });
  assert.deepEqual(verdict({ status: "canceled", transition: "start" }), {
    is: "stopped",
    why: "is not running: its latest build, a start, was cancelled",
  });
  assert.deepEqual(verdict({ status: "failed", transition: "stop", job: job("") }), {
    is: "stopped",
    why: "is not running: its latest build, a stop, failed",
  });
});

Deno.test("another build is to be waited for", () => {
  for (const status of ["pending", "stopping"]) {
    assert.deepEqual(verdict({ status, transition: "stop" }), { is: "busy", why: "is being stopped" });
  }
  assert.deepEqual(verdict({ status: "canceling", transition: "start" }), {
    is: "busy",
    why: "has a start that is being cancelled",
  });
});

Deno.test("what is deleted, and what only an update starts, is not worked in", () => {
  const of = (latest: Partial<Build>, changes?: Partial<Workspace>) => {
    const found = verdict(latest, changes);
    assert.equal(found.is, "lost");
    return found.is === "lost" ? [found.code, found.why] : [];
  };
  for (const status of ["pending", "deleting"]) {
    assert.deepEqual(of({ status, transition: "delete" }), ["not_found", "is being deleted"]);
  }
  assert.deepEqual(of({ status: "deleted", transition: "delete" }), ["not_found", "was deleted"]);
  assert.deepEqual(of({ status: "failed", transition: "delete", job: job("it is locked") }), [
    "failed",
    "could not be deleted: it is locked: delete it again, or start it yourself",
  ]);
  const [code, why] = of({ status: "stopped", transition: "stop" }, {
    outdated: true,
    template_require_active_version: true,
  });
  assert.equal(code, "conflict");
  assert.match(why!, /outdated.*requires its active version: update it first/);
  for (
    const only of [{ outdated: true }, { template_require_active_version: true }, {
      outdated: true,
      template_require_active_version: null,
    }]
  ) {
    assert.equal(verdict({ status: "stopped", transition: "stop" }, only).is, "stopped");
  }
});

Deno.test("foreign words are one line, and not too long", () => {
  assert.equal(oneLine("  a\r\n\tb\u0007\u202ec  "), "a b c");
  assert.equal(oneLine("x".repeat(1_000)).length, 301);
  assert.equal(nameOf(workspace()), "alice/dev");
});
