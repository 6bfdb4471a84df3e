import { equal, throws } from "node:assert/strict";
import { parse } from "yaml";
import { emit } from "./emit.ts";
import { expression, type MapNode, type Part, scalar, treeOf, values } from "./tree.ts";

const map = (...entries: Part[]): MapNode => ({ kind: "map", entries });
const text = (lines: string[]) => `${lines.join("\n")}\n`;

Deno.test("plain data is written as YAML that says the same", () => {
  const data = {
    text: "a: b # c",
    number: "1",
    truth: true,
    nothing: null,
    empty: {},
    none: [],
    lines: "one\n  two\n\nthree\n",
    "odd key: yes": "true",
    list: [1, "two", { a: [{ b: "c" }], d: [] }, {}, [[1], []]],
  };
  equal(JSON.stringify(parse(emit(treeOf(data) as MapNode))), JSON.stringify(data));
});

Deno.test("long lines are not folded, and long texts stand below their keys", () => {
  const long = "word ".repeat(60).trim();
  const written = emit(treeOf({ a: { long, block: "x\ny\n" } }) as MapNode);
  equal(written, text(["a:", `  long: ${long}`, "  block: |", "    x", "    y"]));
});

Deno.test("expressions, and values that are maps or lists", () => {
  const tree = map(
    { key: "image", value: expression("$.Values.image | quote") },
    { key: "tolerations", value: values("toYaml $.Values.tolerations"), when: "$.Values.tolerations" },
    {
      key: "labels",
      value: map({ key: "app", value: scalar("x") }, { value: values('include "labels" $') }),
    },
    {
      key: "args",
      value: { kind: "list", entries: [{ value: values("toYaml $.Values.args"), when: "$.Values.args" }] },
    },
  );
  equal(
    emit(tree),
    text([
      "image: {{ $.Values.image | quote }}",
      "{{- if $.Values.tolerations }}",
      "tolerations:",
      "  {{- toYaml $.Values.tolerations | nindent 2 }}",
      "{{- end }}",
      "labels:",
      "  app: x",
      '  {{- include "labels" $ | nindent 2 }}',
      "{{- if $.Values.args }}",
      "args:",
      "  {{- toYaml $.Values.args | nindent 2 }}",
      "{{- end }}",
    ]),
  );
});

Deno.test("a key whose list depends on conditions alone is not there without them", () => {
  const list = (...whens: string[]): Part => ({
    key: "args",
    value: { kind: "list", entries: whens.map((when) => ({ value: scalar(when), when })) },
  });
  equal(
    emit(map(list(".a", ".b"))),
    text([
      "{{- if or .a .b }}",
      "args:",
      "  {{- if .a }}",
      "  - .a",
      "  {{- end }}",
      "  {{- if .b }}",
      "  - .b",
    ]) +
      text(["  {{- end }}", "{{- end }}"]),
  );
  equal(
    emit(map({ ...list(".a"), isBase: true })),
    text(["args:", "  {{- if .a }}", "  - .a", "  {{- end }}"]),
  );
});

Deno.test("neighbours under one condition stand in one block, and so do neighbours with the same choices", () => {
  const choice = (key: string, value: number): Part => ({
    key,
    value: scalar(1),
    instead: [{ when: "eq .size 2", value: scalar(value) }],
  });
  equal(
    emit(map(
      { key: "a", value: scalar(1), when: ".x" },
      { key: "b", value: scalar(2), when: ".x" },
      choice("cpu", 2),
      choice("memory", 3),
    )),
    text([
      "{{- if .x }}",
      "a: 1",
      "b: 2",
      "{{- end }}",
      "{{- if eq .size 2 }}",
      "cpu: 2",
      "memory: 3",
      "{{- else }}",
      "cpu: 1",
      "memory: 1",
      "{{- end }}",
    ]),
  );
});

Deno.test("an item that begins with an action stands below its dash", () => {
  const item = map({ key: "name", value: scalar("x"), when: ".n" }, { key: "value", value: scalar(1) });
  equal(
    emit(
      map({ key: "list", value: { kind: "list", entries: [{ value: item }, { value: expression(".e") }] } }),
    ),
    text([
      "list:",
      "  -",
      "    {{- if .n }}",
      "    name: x",
      "    {{- end }}",
      "    value: 1",
      "  - {{ .e }}",
    ]),
  );
});

Deno.test("what would be an action of Helm's is none", () => {
  const written = emit(treeOf({ summary: "{{ $labels.pod }} is down" }) as MapNode);
  equal(written, text([`summary: "{{ "{{" }} $labels.pod }} is down"`]));
});

Deno.test("names become values, quoted where they are all of it", () => {
  const names = new Map([["coder-system", "$.Release.Namespace"]]);
  equal(
    emit(treeOf({ namespace: "coder-system", host: "x.coder-system.svc" }) as MapNode, { names }),
    text(["namespace: {{ $.Release.Namespace | quote }}", "host: x.{{ $.Release.Namespace }}.svc"]),
  );
});

Deno.test("only values may stand in a map without a key", () => {
  throws(() => emit(map({ value: scalar(1) })), /only values may stand in a map without a key/);
});
