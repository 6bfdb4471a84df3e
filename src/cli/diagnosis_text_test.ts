import assert from "node:assert/strict";
import type { Diagnosis } from "../app/diagnose.ts";
import { clean, diagnosisText } from "./diagnosis_text.ts";
import { plainTerminal } from "./terminal.ts";

const BROKEN: Diagnosis = {
  subject: { kind: "workspace", namespace: "lab", name: "acme.ann.dev" },
  state: "Its pod cannot start.",
  healthy: false,
  causes: [
    {
      rule: "image-pull",
      cause: "The image example/dev:9 of container dev cannot be pulled: the registry does not have it.",
      confidence: "certain",
      evidence: [
        { source: "pod lab/dev-0", at: "2026-11-22T08:00:00Z", quote: "ErrImagePull: manifest unknown" },
        { source: "template docker", quote: "image = example/dev:9" },
      ],
      next: [
        { text: "See which images there are.", command: "kubectl -n lab describe pod dev-0" },
        { text: "Look at the template.", tool: { name: "get_template", arguments: { name: "acme.docker" } } },
        { text: "Ask whoever maintains it." },
      ],
    },
    {
      rule: "full-node",
      cause: "A node is full.",
      confidence: "possible",
      evidence: [{ source: "node n1", quote: "MemoryPressure" }],
      next: [{ text: "Look.", command: "kubectl get nodes" }],
    },
  ],
  notSeen: [{ what: "list events of lab", why: 'User "ann" cannot list events' }],
  calls: { kubernetes: 4, coder: 3 },
};

Deno.test("causes are numbered, with what proves them and what to type", () => {
  assert.equal(
    diagnosisText(BROKEN, plainTerminal),
    [
      "workspace lab/acme.ann.dev: Its pod cannot start.",
      "",
      "1. The image example/dev:9 of container dev cannot be pulled: the registry does not have it.",
      "   certain; image-pull",
      "   why   2026-11-22T08:00:00Z, pod lab/dev-0:",
      "         | ErrImagePull: manifest unknown",
      "         template docker:",
      "         | image = example/dev:9",
      "   next  See which images there are.",
      "           kubectl -n lab describe pod dev-0",
      "         Look at the template.",
      '           MCP: get_template {"name":"acme.docker"}',
      "         Ask whoever maintains it.",
      "",
      "2. A node is full.",
      "   possible; full-node",
      "   why   node n1:",
      "         | MemoryPressure",
      "   next  Look.",
      "           kubectl get nodes",
      "",
      "Not seen, and not guessed:",
      '  - list events of lab: User "ann" cannot list events',
      "",
    ].join("\n"),
  );
});

Deno.test("what is well says so in one line, and names beside it what could not be seen", () => {
  const well: Diagnosis = { ...BROKEN, state: "It runs.", healthy: true, causes: [], notSeen: [] };
  assert.equal(
    diagnosisText(well, plainTerminal),
    "workspace lab/acme.ann.dev: Nothing is wrong. It runs.\n",
  );
  assert.equal(
    diagnosisText({ ...well, notSeen: BROKEN.notSeen }, plainTerminal).split("\n").length,
    4,
  );
  const unknown: Diagnosis = { ...well, healthy: false, state: "It starts." };
  assert.equal(
    diagnosisText(unknown, plainTerminal),
    "workspace lab/acme.ann.dev: It starts.\nNo cause was found.\n",
  );
});

Deno.test("lines fit the terminal, but for commands, which are there to be copied", () => {
  for (const width of [60, 72, 120]) {
    for (const line of diagnosisText(BROKEN, { ...plainTerminal, width }).split("\n")) {
      assert.ok(line.length <= width, `${width}: ${line}`);
    }
  }
  const command = `kubectl -n lab get pods -l ${"x".repeat(200)}`;
  const [cause] = BROKEN.causes;
  const long = { ...BROKEN, causes: [{ ...cause!, next: [{ text: "Look.", command }] }] };
  assert.ok(diagnosisText(long, { ...plainTerminal, width: 60 }).includes(`\n           ${command}\n`));
});

Deno.test("a long state is wrapped, and does not say what the first cause says anyhow", () => {
  const [cause] = BROKEN.causes;
  const state = `0 of 3 pods are ready, which is fewer than are wanted: ${cause!.cause}`;
  const [first, second, third] = diagnosisText({ ...BROKEN, state }, { ...plainTerminal, width: 60 }).split(
    "\n",
  );
  assert.deepEqual([first, second, third], [
    "workspace lab/acme.ann.dev: 0 of 3 pods are ready, which is",
    "fewer than are wanted.",
    "",
  ]);
  assert.match(diagnosisText({ ...BROKEN, state: cause!.cause }, plainTerminal), /^workspace \S+: The image/);
});

Deno.test("a terminal that can gets bold causes, and small print", () => {
  const marked = diagnosisText(BROKEN, {
    width: 60,
    bold: (text) => `<b>${text}</b>`,
    dim: (text) => `<d>${text}</d>`,
    red: (text) => `<r>${text}</r>`,
    green: (text) => `<g>${text}</g>`,
  });
  assert.match(marked, /^<b>workspace lab\/acme\.ann\.dev<\/b>: Its pod/);
  assert.match(marked, /<r>1\. <\/r><b>The image/);
  assert.match(marked, /<d> {3}why {3}2026-11-22T08:00:00Z, pod lab\/dev-0:<\/d>/);
});

Deno.test("words of others do not steer the terminal", () => {
  assert.equal(clean("a\x1b[2Jb\r\nc\u202ed"), "a\ufffd[2Jb\ufffd\ufffdc\ufffdd");
  const [cause] = BROKEN.causes;
  const evil = {
    ...BROKEN,
    state: "\x1b]0;owned\x07",
    causes: [{
      ...cause!,
      cause: "x\x1b[31m",
      evidence: [{ source: "log\x9b", quote: "ok\x1b[1A" }],
      next: [{ text: "t\x08", command: "kubectl get pods\nrm -rf /" }],
    }],
  };
  const text = diagnosisText(evil, plainTerminal);
  // deno-lint-ignore no-control-regex -- these are what must not be there
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  assert.doesNotMatch(text, /^\s*rm -rf/m);
});
