import assert from "node:assert/strict";
import { assertQuiet, object, only, quotes, refused, seen, steps } from "./testing.ts";
import { workspaceChangeRefused as rule } from "./workspace_change_refused.ts";

Deno.test("a refused change is told in Coder's words", () => {
  const message = "User is not allowed to build\nworkspaces of this template.";
  const found = only(rule, seen({ workspace: object(refused(message)) }));
  assert.equal(
    found.cause,
    "Coder refused a change of the workspace: User is not allowed to build workspaces of this template.",
  );
  assert.deepEqual(quotes(found), [
    `condition ChangePending of the workspace, 2026-11-22T07:58:30Z: Refused: ${message}`,
  ]);
  assert.equal(
    steps(found)[1],
    "Make the change again once what Coder names is corrected. | kubectl -n lab edit coderworkspace acme.ann.dev | " +
      'get_workspace {"namespace":"lab","name":"acme.ann.dev"}',
  );
});

Deno.test("long words are cut in the sentence", () => {
  const { cause } = only(rule, seen({ workspace: object(refused("no ".repeat(200))) }));
  assert.ok(cause.length < 300 && cause.endsWith("…"), cause);
});

Deno.test("nothing is said of changes that still wait, nor of what other rules know more of", () => {
  const [condition] = refused("it waits").conditions ?? [];
  const waiting = { ...condition!, status: "True" as const, reason: "BuildActive" };
  assertQuiet(
    rule,
    seen({ workspace: object({ conditions: [waiting] }) }),
    seen({ workspace: object(refused('parameter "x" is required')) }),
    seen({ workspace: object(refused("the version is archived")) }),
  );
});
