import assert from "node:assert/strict";
import { type Section, SECTIONS } from "../types.ts";
import { type Key, keysOf } from "./keys.ts";
import { type Choices, type Effect, FIRST, listed, pressed, sectionOf } from "./model.ts";
import { SAMPLE, toldAll, workspace } from "./testing.ts";

/** Types all of it; what came of it last, and what was to be done. */
function typed(text: string, from: Choices = FIRST, shown = toldAll(), textLines = 100) {
  let choices = from;
  const effects: Effect[] = [];
  for (const key of keysOf(text)) {
    const rows = listed(choices, shown, sectionOf(choices, shown));
    const { choices: next, effect } = pressed(choices, key, { shown, rows, page: 10, textLines });
    choices = next;
    if (effect !== undefined) effects.push(effect);
  }
  return { choices, effects };
}
const names = (choices: Choices, section: Section = "workspaces", shown = toldAll()) =>
  listed(choices, shown, section).map(({ id }) => id);

Deno.test("sections are chosen by their numbers, by Tab and by arrows, round and round", () => {
  assert.equal(typed("1").choices.section, "controlplanes");
  assert.equal(typed("8").choices.section, "calls");
  assert.equal(typed("\t").choices.section, "builds");
  assert.equal(typed("\x1b[Z\x1b[Z").choices.section, "calls");
  assert.equal(typed("\x1b[C").choices.section, "builds");
  assert.equal(typed("9").choices.section, "workspaces");
  const some = toldAll(SAMPLE, ["sessions", "calls"]);
  assert.equal(sectionOf(FIRST, some), "sessions", "one that there is");
  assert.equal(typed("2", FIRST, some).choices.section, "calls");
  assert.equal(typed("\t\t", FIRST, some).choices.section, "sessions");
});

Deno.test("rows are chosen by arrows and pages, and stay chosen where others come", () => {
  assert.equal(typed("\x1b[B").choices.chosen.workspaces, "lab/acme.bob.web");
  assert.equal(typed("jjjjjk").choices.chosen.workspaces, "lab/acme.bob.web");
  assert.equal(typed("G").choices.chosen.workspaces, "lab/acme.cid.gpu");
  assert.equal(typed("\x1b[6~\x1b[5~").choices.chosen.workspaces, "lab/acme.ann.dev");
  const { choices } = typed("j");
  const more = toldAll({ workspaces: [...SAMPLE.workspaces!, workspace("acme.aaa.new", "running")] });
  assert.deepEqual(names(choices, "workspaces", more)[0], "lab/acme.aaa.new");
  assert.equal(typed("j", choices, more).choices.chosen.workspaces, "lab/acme.cid.gpu");
  assert.deepEqual(typed("j", FIRST, toldAll({})).choices, FIRST, "no row, no choice");
});

Deno.test("a filter is typed, taken and let go of; its words are all in a row", () => {
  const { choices } = typed("/FAIL cid");
  assert.deepEqual([choices.filter, choices.isTyping], ["FAIL cid", true]);
  assert.deepEqual(names(choices), ["lab/acme.cid.gpu"]);
  assert.equal(typed("\x7f\x7f\r", choices).choices.filter, "FAIL c");
  assert.equal(typed("\x15", choices).choices.filter, "");
  assert.deepEqual(typed("\x1b", choices).choices, { ...choices, filter: "", isTyping: false });
  assert.equal(typed("q", choices).effects.length, 0, "letters are letters then");
  assert.equal(typed("\x1b", typed("\r", choices).choices).choices.filter, "");
  assert.equal(typed(`/${"x".repeat(300)}`).choices.filter.length, 100);
});

Deno.test("rows are sorted by the column that is chosen, one way or the other", () => {
  assert.deepEqual(names(typed("s").choices), ["lab/acme.cid.gpu", "lab/acme.ann.dev", "lab/acme.bob.web"]);
  assert.deepEqual(names(typed("S").choices), ["lab/acme.cid.gpu", "lab/acme.bob.web", "lab/acme.ann.dev"]);
  assert.deepEqual(names(typed("s".repeat(7)).choices), names(FIRST));
});

Deno.test("details, help and their end", () => {
  const { choices, effects } = typed("\r");
  assert.deepEqual([choices.text?.kind, choices.text?.id, effects], ["details", "lab/acme.ann.dev", []]);
  assert.deepEqual(typed("\x1b[B\x1b[B\x1b[6~", choices).choices.text?.offset, 12);
  assert.deepEqual(typed("G", choices).choices.text?.offset, 90);
  const back = typed("q", choices);
  assert.deepEqual([back.choices.text, back.effects], [undefined, [{ kind: "stop" }]]);
  assert.equal(typed("?").choices.text?.kind, "help");
  assert.equal(typed("?\x1b").choices.text, undefined);
  assert.equal(typed("\r", FIRST, toldAll({})).choices.text, undefined);
});

Deno.test("what is not well is diagnosed, where that can be", () => {
  const { choices, effects } = typed("d");
  assert.equal(choices.text?.kind, "diagnosis");
  assert.deepEqual(effects, [{
    kind: "diagnose",
    subject: "workspace",
    namespace: "lab",
    name: "acme.ann.dev",
  }]);
  const subject = (key: string) =>
    typed(`${key}d`).effects.map((effect) => effect.kind === "diagnose" ? [effect.subject, effect.name] : []);
  assert.deepEqual(subject("1"), [["controlplane", "coder"]]);
  assert.deepEqual(subject("3"), [["workspace", "acme.cid.gpu"]]);
  assert.deepEqual(subject("4"), [["provisioner", "builders"]]);
  assert.match(typed("7d").choices.note, /can be diagnosed/);
  const shown = toldAll();
  const without = { ...shown, hello: { ...shown.hello!, diagnosis: false } };
  assert.match(typed("d", FIRST, without).choices.note, /nothing to diagnose here/);
  assert.equal(typed("7dj").choices.note, "", "until the next key");
});

Deno.test("logs are those of the latest build, or of the one that is chosen", () => {
  assert.deepEqual(typed("l").effects, [
    { kind: "log", namespace: "lab", workspace: "acme.ann.dev", build: undefined },
  ]);
  const { choices, effects } = typed("3l");
  assert.deepEqual(effects, [{ kind: "log", namespace: "lab", workspace: "acme.cid.gpu", build: 4 }]);
  assert.deepEqual([choices.text?.follows, typed("\x1b[A", choices).choices.text?.follows], [true, false]);
  assert.deepEqual(typed("\x1b[AG", choices).choices.text?.follows, true);
  assert.match(typed("1l").choices.note, /have logs/);
});

Deno.test("the end is q, or what interrupts, whatever is seen", () => {
  assert.deepEqual(typed("q").effects, [{ kind: "quit" }]);
  for (const before of ["", "/abc", "\r", "?"]) {
    assert.deepEqual(typed(`${before}\x03`).effects, [{ kind: "quit" }], before);
  }
  assert.deepEqual(typed("\x0c").effects, [{ kind: "redraw" }]);
});

Deno.test("whatever is typed, it makes sense", () => {
  let seed = 11;
  const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  const keys: Key[] = keysOf(
    "12345678\t\x1b[A\x1b[B\x1b[5~\x1b[6~\x1b[C\x1b[D\x1b[H\x1b[F\r\x1b\x7f/sSdl?hgGjk x\x15",
  );
  for (const shown of [toldAll(), toldAll({}), toldAll(SAMPLE, ["calls"]), toldAll(SAMPLE, [])]) {
    let choices = FIRST;
    for (let count = 0; count < 3_000; count++) {
      const rows = listed(choices, shown, sectionOf(choices, shown));
      ({ choices } = pressed(choices, keys[random(keys.length)]!, {
        shown,
        rows,
        page: 1 + random(9),
        textLines: random(50),
      }));
      assert.ok(SECTIONS.includes(choices.section));
      assert.ok((choices.text?.offset ?? 0) >= 0);
    }
  }
});
