import assert from "node:assert/strict";
import { shownAfter } from "../state.ts";
import { snapshot } from "./snapshot.ts";
import { NOW, SAMPLE, toldAll } from "./testing.ts";

Deno.test("all sections are printed as tables, plain and whole", () => {
  const text = snapshot({ shown: toldAll(), now: NOW });
  assert.match(
    text,
    /^Control planes \(1\)\nNAME +PHASE +READY +VERSION +URL +TROUBLE\nlab\/coder +Pending /,
  );
  assert.match(text, /\n\nWorkspaces \(3\)\nNAME /);
  assert.match(text, /^acme\.cid\.gpu +failed +cid\ufffd\[2J /m);
  assert.match(text, /^Sessions \(1\)$/m);
  assert.ok(text.endsWith("not found\n"));
  assert.ok(!text.includes("\x1b"));
  assert.doesNotMatch(text, / +$/m);
});

Deno.test("sections are chosen, rows are found, and what is missing is said", () => {
  const of = (more: object, shown = toldAll()) => snapshot({ shown, now: NOW, ...more });
  assert.equal(of({ sections: ["workspaces"], filter: "failed" }).split("\n")[0], "Workspaces (1 of 3)");
  assert.match(
    of({ sections: ["workspaces"], filter: "zzz" }),
    /^Workspaces \(0 of 3\)\nNone has "zzz"\.\n$/,
  );
  assert.equal(
    of({ sections: ["jobs"] }, toldAll({})),
    "Jobs of provisioners (0)\nNo jobs of provisioners, or none that you may see.\n",
  );
  const problem = shownAfter(toldAll({}, ["jobs"]), {
    kind: "problem",
    section: "jobs",
    message: "Coder is\naway",
  });
  assert.equal(of({}, problem), "Jobs of provisioners (0)\n! Coder is away\n");
  const hello = { kind: "hello", user: "", version: "", sections: ["workspaces"], diagnosis: false } as const;
  assert.match(of({}, shownAfter(toldAll(SAMPLE, ["workspaces"]), hello)), /^Workspaces \(3, not all\)/);
  for (const line of of({ columns: 40 }).split("\n")) assert.ok(line.length <= 40, line);
});
