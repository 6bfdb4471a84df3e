import { deepEqual, equal, match, throws } from "node:assert/strict";
import { emit } from "./emit.ts";
import { mergeUnder } from "./merge.ts";
import { expression, type Json, mapAt, type MapNode, treeOf } from "./tree.ts";
import { annotationValues, before, commonMetadata, podValues, valueOr } from "./workload.ts";

const workload = (pod: { [key: string]: Json } = {}, template: { [key: string]: Json } = {}) => ({
  metadata: { name: "x" },
  spec: {
    replicas: 2,
    template: {
      metadata: { labels: { app: "x" }, ...template },
      spec: { containers: [{ name: "x", image: "x:1", resources: { cpu: 1 } }], ...pod },
    },
  },
});

const VALUES = { pods: "$.Values", image: "$.Values.image", pullSecrets: "$.Values.pull" };

function written(source: Json, own?: string): string {
  const tree = treeOf(source) as MapNode;
  podValues(tree, { ...VALUES, ...own === undefined ? {} : { own } });
  return emit(tree);
}

Deno.test("values come before what the manifests say, a workload's own before those of all", () => {
  const text = written(workload(), "$.Values.split.mcp");
  const order = [...text.matchAll(/(?:if|else if) (.*(?:replicas\)|resources)) \}\}/g)].map(([, when]) =>
    when
  );
  deepEqual(order, [
    'not (kindIs "invalid" $.Values.split.mcp.replicas)',
    'not (kindIs "invalid" $.Values.replicas)',
    "$.Values.split.mcp.resources",
    "$.Values.resources",
  ]);
  match(text, /\{\{- else \}\}\n {2}replicas: 2\n/);
});

Deno.test("the image is a value", () => {
  const text = written(workload());
  match(text, /image: \{\{ include "coder-k8s\.image" \(merge .* \$\.Values\.image\) \| quote \}\}/);
  match(text, /imagePullPolicy: \{\{ \$\.Values\.image\.pullPolicy \}\}/);
  equal(text.includes("x:1"), false);
});

Deno.test("what pods may have is there where values give it", () => {
  const text = written(workload());
  for (const name of ["podAnnotations", "podLabels", "nodeSelector", "tolerations", "affinity", "pull"]) {
    match(text, new RegExp(`\\{\\{- if \\$\\.Values\\.${name} \\}\\}`), name);
  }
  for (const name of ["extraArgs", "extraEnv", "extraEnvFrom", "extraVolumes", "extraVolumeMounts"]) {
    match(text, new RegExp(`\\{\\{- toYaml \\$\\.Values\\.${name} \\| nindent \\d+ \\}\\}`), name);
  }
});

Deno.test("what the manifests have is there where values give nothing", () => {
  const text = written(
    workload({ affinity: { a: 1 }, volumes: [{ name: "tmp" }] }, { annotations: { b: "c" } }),
  );
  match(text, /\{\{- else \}\}\n +affinity:\n +a: 1\n/);
  match(text, /volumes:\n +- name: tmp\n +\{\{- if \$\.Values\.extraVolumes \}\}/);
  match(text, /annotations:\n +b: c\n/);
});

Deno.test("a priority class of one's own goes before that of a component", () => {
  const base = workload();
  const tree = treeOf(base) as MapNode;
  mergeUnder(".ha", tree, base, workload({ priorityClassName: "chart" }));
  podValues(tree, VALUES);
  match(
    emit(tree),
    /if or \$\.Values\.priorityClassName \.ha \}\}\n +\{\{- if \$\.Values\.priorityClassName \}\}\n.*\n +\{\{- else \}\}\n +priorityClassName: chart/,
  );
});

Deno.test("labels of the chart take the place of those of the same names", () => {
  const tree = treeOf({
    metadata: { name: "x", labels: { app: "x", "app.kubernetes.io/managed-by": "coder-k8s" } },
  }) as MapNode;
  commonMetadata(tree);
  const text = emit(tree);
  match(text, /labels:\n {4}app: x\n {4}\{\{- include "coder-k8s\.labels" \$ \| nindent 4 \}\}/);
  equal(text.includes("managed-by"), false);
});

Deno.test("annotations are added to those that are there, or made", () => {
  const bare = treeOf({ metadata: { name: "x" } }) as MapNode;
  annotationValues(bare, "$.Values.a");
  match(emit(bare), /\{\{- if \$\.Values\.a \}\}\n {2}annotations:\n/);
  const some = treeOf({ metadata: { annotations: { k: "v" } } }) as MapNode;
  annotationValues(some, "$.Values.a");
  match(emit(some), /annotations:\n {4}k: v\n {4}\{\{- if \$\.Values\.a \}\}/);
});

Deno.test("choices are put before those that are there", () => {
  const map = treeOf({ a: 1 }) as MapNode;
  valueOr(map, "a", ".x");
  before(map.entries[0]!, [{ when: ".y", value: expression(".y") }]);
  deepEqual(map.entries[0]?.instead?.map(({ when }) => when), [".y", ".x"]);
});

Deno.test("a workload that is made otherwise is refused", () => {
  throws(() => written({ metadata: {}, spec: {} }), /nothing is at spec\.replicas/);
  throws(() => mapAt(treeOf(workload()), ["spec", "template", "spec", "containers", 1]), /nothing is at/);
});
