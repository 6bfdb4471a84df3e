import assert from "node:assert/strict";
import type { Deployment, PodTemplateSpec } from "../api/kubernetes/types.ts";
import {
  decideTemplate,
  INPUTS_ANNOTATION,
  keptRendering,
  RENDERING_ANNOTATION,
  type TemplateInput,
} from "./template_decision.ts";

const rendered: PodTemplateSpec = { spec: { containers: [{ name: "coder", image: "new" }] } };
const older: PodTemplateSpec = { spec: { containers: [{ name: "coder", image: "old" }] } };

function live(template: PodTemplateSpec, annotations: Record<string, string> = {}): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { annotations },
    spec: { selector: {}, template },
  };
}

function decide(input: Partial<TemplateInput>) {
  return decideTemplate({
    live: undefined,
    facts: { scaled: false },
    rendered,
    inputs: "in",
    recorded: {},
    rendering: "2",
    settled: true,
    upgradeNow: false,
    ...input,
  });
}

const render = { keep: false, rendering: "2", takeBack: false };
const recorded = (inputs: string, rendering: string) => ({
  [INPUTS_ANNOTATION]: inputs,
  [RENDERING_ANNOTATION]: rendering,
});
const image = ["changes containers[name=coder].image"];

Deno.test("a new Deployment gets what this version renders", () => {
  assert.deepEqual(decide({}), render);
});

Deno.test("a Go operator's template is kept where it differs and was up to date with the spec", () => {
  assert.deepEqual(decide({ live: live(older) }), { keep: true, setAside: true, pending: image });
  assert.deepEqual(decide({ live: live(rendered) }), render, "nothing differs: nothing to keep");
  assert.deepEqual(decide({ live: live(older), settled: false }), render, "the spec changed meanwhile");
});

Deno.test("an older version's template is kept until the inputs change", () => {
  assert.deepEqual(decide({ live: live(older, recorded("in", "1")) }), {
    keep: true,
    setAside: true,
    pending: image,
  });
  assert.deepEqual(decide({ live: live(older, recorded("other", "1")) }), render);
  assert.deepEqual(decide({ live: live(rendered, recorded("in", "1")) }), render);
});

Deno.test("this version's own template is put back when it was changed", () => {
  assert.deepEqual(decide({ live: live(older, recorded("in", "2")) }), render);
});

Deno.test("a kept template stays kept without being set aside again", () => {
  const facts = { scaled: false, keptTemplate: "h" };
  const deployment = live(older, recorded("in", keptRendering("h")));
  assert.deepEqual(decide({ live: deployment, facts }), { keep: true, setAside: false, pending: image });
});

Deno.test("a kept template is given up for a change of the spec, for a wish, and when it was changed by hand", () => {
  const facts = { scaled: false, keptTemplate: "h" };
  const back = { ...render, takeBack: true };
  assert.deepEqual(decide({ live: live(older, recorded("new", keptRendering("h"))), facts }), back);
  assert.deepEqual(
    decide({ live: live(older, recorded("in", keptRendering("h"))), facts, upgradeNow: true }),
    back,
  );
  assert.deepEqual(decide({ live: live(older, recorded("in", keptRendering("other"))), facts }), back);
});

Deno.test("a template whose holder was lost is set aside again", () => {
  const deployment = live(older, recorded("in", keptRendering("h")));
  assert.deepEqual(decide({ live: deployment }), { keep: true, setAside: true, pending: image });
});

Deno.test("a template that was only just set aside is not set aside twice", () => {
  const facts = { scaled: false, keptTemplate: "h" };
  assert.deepEqual(decide({ live: live(older), facts }), { keep: true, setAside: false, pending: image });
});

Deno.test("what an earlier version did not record does not count, and counts from then on", () => {
  const recordedNow = { "coder.com/checksums": "Secret/db=1", "coder.com/template-exposure": "none" };
  const kept = (annotations: Record<string, string>) =>
    decide({
      live: live(older, { ...recorded("in", "1"), ...annotations }),
      recorded: recordedNow,
    }).keep;
  assert.equal(kept({}), true, "nothing was recorded");
  assert.equal(kept(recordedNow), true, "nothing has changed");
  assert.equal(kept({ "coder.com/checksums": "Secret/db=1" }), true);
  assert.equal(kept({ "coder.com/checksums": "Secret/db=0" }), false, "a Secret has changed");
  assert.equal(kept({ ...recordedNow, "coder.com/template-exposure": "ingress a" }), false);
});
