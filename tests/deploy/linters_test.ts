import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { type Explanation, explanationsOf, type Finding, judge, lint, readExplanations } from "./linters.ts";
import { renderedVariants } from "./variants.ts";

/** As somebody would write it who has heard of nothing. */
const CARELESS = [{
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "careless.one", namespace: "team" },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "careless" } },
    template: {
      metadata: { labels: { app: "careless" } },
      spec: {
        containers: [{
          name: "main",
          image: "example.com/main:latest",
          securityContext: { privileged: true },
        }],
      },
    },
  },
}, {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "careless", namespace: "team" },
  spec: { selector: { app: "nobody" }, ports: [{ port: 80 }] },
}];

function finding(more: Partial<Finding> = {}): Finding {
  return { of: "all", tool: "checkov", check: "CKV_1", object: "Deployment/team/one", text: "no", ...more };
}

function explanation(more: Partial<Explanation> = {}): Explanation {
  return {
    tool: "checkov",
    check: "CKV_1",
    objects: ["Deployment/*/one"],
    reason: "because it is so",
    ...more,
  };
}

Deno.test("a finding is explained for its linter, its check and its object alone", () => {
  const cases: readonly [Finding, Explanation, boolean][] = [
    [finding(), explanation(), true],
    [finding(), explanation({ tool: "kube-score" }), false],
    [finding(), explanation({ check: "CKV_11" }), false],
    [finding(), explanation({ objects: ["Deployment/team/on"] }), false],
    [finding(), explanation({ objects: ["Service/*", "Deployment/*"] }), true],
    [finding({ object: "Deployment/team/ones" }), explanation(), false],
    [finding({ object: "Deployment/team/a.one" }), explanation({ objects: ["Deployment/team/a.*"] }), true],
    [
      finding({ object: "Deployment/team/abone" }),
      explanation({ objects: ["Deployment/team/a.one"] }),
      false,
    ],
  ];
  for (const [found, explained, expected] of cases) {
    const { unexplained, unused } = judge([found], [explained]);
    const what = JSON.stringify([found.object, explained.objects]);
    deepEqual([unexplained.length === 0, unused.length === 0], [expected, expected], what);
  }
});

Deno.test("an explanation that explains nothing is told, one that explains much is not", () => {
  const needed = explanation({ objects: ["*"] });
  const idle = explanation({ check: "CKV_2" });
  const { unexplained, unused } = judge([finding(), finding({ object: "Service/team/x" })], [needed, idle]);
  deepEqual([unexplained, unused], [[], [idle]]);
  deepEqual(judge([], [needed]).unused, [needed]);
});

Deno.test("explanations say of what, and why", () => {
  const whole = { tool: "checkov", check: "CKV_1", objects: ["*"], reason: "a reason that says something" };
  equal(explanationsOf({ explained: [whole] }).length, 1);
  for (
    const wrong of [
      { ...whole, tool: "another" },
      { ...whole, objects: [] },
      { ...whole, reason: "so" },
      { ...whole, variants: ["all"] },
    ]
  ) throws(() => explanationsOf({ explained: [wrong] }), JSON.stringify(wrong));
});

Deno.test("both linters see what is wrong, and say of which object", async () => {
  const found = await lint([{ name: "careless", objects: CARELESS }]);
  ok(found.every(({ of }) => of === "careless"));
  const of = (object: string) =>
    found.filter((one) => one.object === object).map(({ tool, check }) => `${tool} ${check}`);
  const deployment = of("Deployment/team/careless.one");
  for (
    const one of [
      "checkov CKV_K8S_16",
      "checkov CKV_K8S_14",
      "checkov CKV2_K8S_6",
      "kube-score container-image-tag",
      "kube-score container-security-context-privileged",
      "kube-score container-seccomp-profile",
      "kube-score pod-networkpolicy",
    ]
  ) ok(deployment.includes(one), `${one}: ${deployment.join(", ")}`);
  deepEqual(of("Service/team/careless"), ["kube-score service-targets-pod"]);
  equal(found.length, deployment.length + 1, "nothing is told of what is not there");
});

Deno.test("nothing is found in anything that can be put together of deploy/ that is not explained, and nothing is explained that is not found", async () => {
  const all = await renderedVariants();
  ok(all.length > 40, String(all.length));
  const found = await lint(all.map(({ variant, objects }) => ({ name: variant.name, objects })));
  const { unexplained, unused } = judge(found, await readExplanations());
  deepEqual(unexplained, [], "fix it, or explain it in deploy/lint.yaml");
  deepEqual(unused, [], "take it out of deploy/lint.yaml");
});
