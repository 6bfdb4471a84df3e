import assert from "node:assert/strict";
import { type Found, ranked } from "./rank.ts";
import type { Confidence, Finding, Rule } from "./types.ts";

const DOCS = { title: "", symptom: "", cause: "", evidence: "", remedy: "" };
const rule = (id: string, depth: number, explains: string[] = []): Rule => ({
  id,
  depth,
  explains,
  subjects: ["workspace"],
  needs: [],
  docs: DOCS,
  find: () => [],
});
const finding = (cause: string, confidence: Confidence, extra: Partial<Finding> = {}): Finding => ({
  cause,
  confidence,
  evidence: [{ source: "event", quote: `words of ${cause}` }],
  next: [{ text: "look", command: "kubectl get pods" }],
  ...extra,
});
const order = (...found: Found[]) => ranked(found).map(({ rule, cause }) => `${rule}: ${cause}`);

Deno.test("the surest cause is first, then the deepest, then the name decides", () => {
  assert.deepEqual(
    order(
      { rule: rule("b", 10), findings: [finding("b", "certain")] },
      { rule: rule("a", 10), findings: [finding("a", "certain")] },
      { rule: rule("deep", 90), findings: [finding("deep", "certain")] },
      { rule: rule("maybe", 99), findings: [finding("maybe", "possible")] },
      { rule: rule("none", 100), findings: [] },
    ),
    ["deep: deep", "a: a", "b: b", "maybe: maybe"],
  );
});

Deno.test("what another cause explains comes after it, however sure it is", () => {
  assert.deepEqual(
    order(
      { rule: rule("agent", 20), findings: [finding("no agent", "certain")] },
      { rule: rule("pod", 80, ["agent"]), findings: [finding("no node", "likely")] },
    ),
    ["pod: no node", "agent: no agent"],
  );
});

Deno.test("a rule that explains and has found nothing moves nothing", () => {
  assert.deepEqual(
    order(
      { rule: rule("agent", 20), findings: [finding("no agent", "certain")] },
      { rule: rule("pod", 80, ["agent"]), findings: [] },
      { rule: rule("other", 90), findings: [finding("other", "likely")] },
    ),
    ["agent: no agent", "other: other"],
  );
});

Deno.test("what a deeper cause says with the same words is told once", () => {
  const said = (quote: string) => ({ evidence: [{ source: "event", quote }] });
  const found = (deeper: readonly string[], quote: string) =>
    order(
      { rule: rule("pod", 70, ["deployment"]), findings: [finding("pod", "certain", said("no  secret"))] },
      { rule: rule("secret", 90, [...deeper]), findings: [finding("secret", "certain", said(quote))] },
    );
  assert.deepEqual(found(["pod"], "no secret"), ["secret: secret"]);
  assert.deepEqual(found(["pod"], "another word"), ["secret: secret", "pod: pod"]);
  assert.deepEqual(found([], "no secret"), ["secret: secret", "pod: pod"]);
});

Deno.test("no more is told than somebody reads", () => {
  const evidence = Array.from({ length: 9 }, (_, at) => ({ source: `s${at}`, quote: "é\n".repeat(900) }));
  const next = Array.from({ length: 9 }, (_, at) => ({ text: `${at}` }));
  const many = Array.from({ length: 4 }, (_, at) => ({
    rule: rule(`r${at}`, 50 - at),
    findings: [1, 2, 3].map((n) => finding(`${n}\n\nx`, "certain", { evidence, next })),
  }));
  const causes = ranked(many);
  assert.deepEqual(causes.map(({ rule, cause }) => `${rule} ${cause}`), [
    ...["r0 1 x", "r0 2 x", "r1 1 x", "r1 2 x", "r2 1 x"],
  ]);
  assert.deepEqual(causes.map((cause) => [cause.evidence.length, cause.next.length]), [
    ...[[3, 3], [3, 3], [1, 1], [1, 1], [1, 1]],
  ]);
  const { quote, source, at } = causes[0]!.evidence[0]!;
  assert.deepEqual([quote.length, quote.endsWith("…"), source, at], [400, true, "s0", undefined]);
});

Deno.test("a time of evidence is kept", () => {
  const at = "2026-11-22T08:00:00Z";
  const [cause] = ranked([{
    rule: rule("r", 1),
    findings: [finding("c", "certain", { evidence: [{ source: "s", at, quote: "q" }] })],
  }]);
  assert.deepEqual(cause?.evidence, [{ source: "s", at, quote: "q" }]);
});
