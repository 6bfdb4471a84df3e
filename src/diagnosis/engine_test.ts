import assert from "node:assert/strict";
import { Pods } from "../api/kubernetes/resources.ts";
import type { Pod } from "../api/kubernetes/types.ts";
import { KubeApiError } from "../kube/errors.ts";
import { conclude, diagnose, MISTAKE, NoSubjectError } from "./engine.ts";
import type { Facts } from "./facts.ts";
import { valueOf } from "./seen.ts";
import type { Looker } from "./look.ts";
import { fakeWorld, NOW } from "./testing.ts";
import type { Finding, Rule } from "./types.ts";

const SUBJECT = { kind: "provisioner", namespace: "lab", name: "prov" } as const;
const THERE = { state: "seen", value: {} } as never;
const FACTS = { subject: SUBJECT, now: NOW, provisioner: THERE } as Facts;
const signal = new AbortController().signal;

const FOUND: Finding = {
  cause: "It is broken",
  confidence: "certain",
  evidence: [{ source: "pod", quote: "broken" }],
  next: [{ text: "Mend it" }],
};
const rule = (id: string, more: Partial<Rule> = {}): Rule => ({
  id,
  subjects: ["provisioner"],
  needs: [],
  depth: 50,
  docs: { title: "", symptom: "", cause: "", evidence: "", remedy: "" },
  find: () => [],
  ...more,
});
const there = (looker: Looker) => Promise.resolve(looker.set("provisioner", THERE));

Deno.test("rules for other kinds are not asked", () => {
  const other = rule("other", { subjects: ["proxy"], find: () => [FOUND] });
  const own = rule("own", { find: () => [FOUND] });
  const { causes, healthy, subject } = conclude(FACTS, [other, own]);
  assert.deepEqual(causes.map(({ rule }) => rule), ["own"]);
  assert.deepEqual([healthy, subject], [false, SUBJECT]);
});

Deno.test("what a rule needs and could not be read is named once; what is not served is no gap", () => {
  const unread = (what: string, kind: string) => ({ state: "unread", what, kind, why: "no" }) as never;
  const facts = {
    ...FACTS,
    nodes: unread("list nodes", "forbidden"),
    keys: unread("list keys", "notServed"),
  };
  const { notSeen } = conclude(facts, [
    rule("a", { needs: ["nodes", "keys"] }),
    rule("b", { needs: ["nodes", "pods"] }),
  ]);
  assert.deepEqual(notSeen, [{ what: "list nodes", why: "no" }]);
});

Deno.test("parts of a fact that could not be read are named, and its rules still see the rest", () => {
  const missed = [{ what: "get Secret lab/db", why: "forbidden" }];
  const facts = { ...FACTS, secrets: { state: "seen", value: [], missed } as const };
  const needy = rule("own", { needs: ["secrets"], find: ({ secrets }) => valueOf(secrets) ? [FOUND] : [] });
  const { notSeen, causes } = conclude(facts, [needy]);
  assert.deepEqual([notSeen, causes.length], [missed, 1]);
});

Deno.test("a rule that breaks is named as our mistake, and the others are heard", () => {
  const broken = rule("broken", {
    find: () => {
      throw new TypeError("x is undefined");
    },
  });
  const { causes, notSeen } = conclude(FACTS, [broken, rule("own", { find: () => [FOUND] })]);
  assert.deepEqual(causes.map(({ rule }) => rule), ["own"]);
  assert.deepEqual(notSeen, [{ what: "the rule broken: x is undefined", why: MISTAKE }]);
});

Deno.test("a collector that breaks is named as our mistake, with what is known", async () => {
  const collector = async (looker: Looker) => {
    await there(looker);
    throw new TypeError("y is undefined");
  };
  const { notSeen } = await diagnose(SUBJECT, fakeWorld({}), { signal, collector });
  assert.deepEqual(notSeen.at(-1), { what: "collecting evidence: y is undefined", why: MISTAKE });
});

Deno.test("an answer comes at the deadline, whatever hangs, and counts its requests", async () => {
  const collector = async (looker: Looker) => {
    await there(looker);
    await looker.look("pods", "list pods", () => looker.list(Pods) as Promise<readonly Pod[]>);
    await new Promise(() => {});
  };
  const world = fakeWorld({ list: () => new Promise(() => {}) });
  const before = performance.now();
  const { calls } = await diagnose(SUBJECT, world, { signal, collector, deadlineMs: 30 });
  assert.deepEqual(calls, { kubernetes: 1, coder: 0 });
  assert.ok(performance.now() - before < 30_000);
});

Deno.test("whoever leaves ends it", async () => {
  const leaving = new AbortController();
  const running = diagnose(SUBJECT, fakeWorld({}), {
    signal: leaving.signal,
    collector: () => new Promise(() => {}),
  });
  leaving.abort(new Error("left"));
  await assert.rejects(running, { message: "left" });
  await assert.rejects(diagnose(SUBJECT, fakeWorld({}), { signal: leaving.signal }), { message: "left" });
});

Deno.test("there is nothing to diagnose where the subject is not there, or may not be seen", async () => {
  const refusal = new KubeApiError(403, "Forbidden", "you may not", { method: "GET", path: "/x" });
  const of = (error?: Error) => (looker: Looker) =>
    looker.look("provisioner", "get it", () => error ? Promise.reject(error) : Promise.resolve(undefined))
      .then(() => {});
  const ask = (error?: Error) => diagnose(SUBJECT, fakeWorld({}), { signal, collector: of(error) });
  await assert.rejects(ask(), (error: NoSubjectError) => {
    assert.equal(error.message, "there is no provisioner lab/prov: check its name and namespace");
    return error instanceof NoSubjectError && error.code === "not_found";
  });
  await assert.rejects(ask(refusal), { code: "forbidden", message: "provisioner lab/prov: you may not" });
});
