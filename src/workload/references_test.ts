import assert from "node:assert/strict";
import type { Container, Volume } from "../api/kubernetes/types.ts";
import { type Reference, referenceId, referencesOf } from "./references.ts";

function references(
  coder: Partial<Container>,
  more: { initContainers?: Container[]; volumes?: Volume[] } = {},
): string[] {
  return referencesOf({ spec: { containers: [{ name: "coder", ...coder }], ...more } }).map(text);
}

/** `Secret/db url?`: kind, name, keys (all without any), and whether it is optional. */
function text(reference: Reference): string {
  const keys = reference.keys === undefined ? "" : ` ${reference.keys.join("+")}`;
  return `${referenceId(reference)}${keys}${reference.optional ? "?" : ""}`;
}

Deno.test("a template without references has none", () => {
  assert.deepEqual(references({}), []);
  assert.deepEqual(referencesOf({}), []);
});

Deno.test("environments name whole objects, variables single keys", () => {
  assert.deepEqual(
    references({
      envFrom: [{ configMapRef: { name: "env" } }, { secretRef: { name: "more", optional: true } }],
      env: [
        { name: "A", valueFrom: { secretKeyRef: { name: "db", key: "url" } } },
        { name: "B", valueFrom: { configMapKeyRef: { name: "flags", key: "b", optional: true } } },
        { name: "C", value: "plain" },
        { name: "D", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      ],
    }),
    ["ConfigMap/env", "ConfigMap/flags b?", "Secret/db url", "Secret/more?"],
  );
});

Deno.test("init containers count as well", () => {
  const initContainers = [{ name: "wait", envFrom: [{ secretRef: { name: "s" } }] }];
  assert.deepEqual(references({}, { initContainers }), ["Secret/s"]);
});

Deno.test("volumes name objects or some of their keys, projected ones several", () => {
  const volumes: Volume[] = [
    { name: "a", secret: { secretName: "tls" } },
    { name: "b", configMap: { name: "c", items: [{ key: "k", path: "p" }, { key: "j", path: "q" }] } },
    {
      name: "c",
      projected: {
        sources: [
          { secret: { name: "p", items: [{ key: "x", path: "x" }], optional: true } },
          { configMap: { name: "q" } },
          { serviceAccountToken: { path: "token" } },
        ],
      },
    },
    { name: "d", emptyDir: {} },
  ];
  assert.deepEqual(references({}, { volumes }), [
    "ConfigMap/c j+k",
    "ConfigMap/q",
    "Secret/p x?",
    "Secret/tls",
  ]);
});

Deno.test("an object that is named several times is one reference, as demanding as the strictest", () => {
  const key = (name: string, optional = false) => ({
    name,
    valueFrom: { secretKeyRef: { name: "s", key: name, optional } },
  });
  assert.deepEqual(references({ env: [key("b", true), key("a", true)] }), ["Secret/s a+b?"]);
  assert.deepEqual(references({ env: [key("b", true), key("a")] }), ["Secret/s a+b"]);
  assert.deepEqual(references({ env: [key("b")], envFrom: [{ secretRef: { name: "s" } }] }), ["Secret/s"]);
});

Deno.test("blank names are nobody's", () => {
  assert.deepEqual(references({ envFrom: [{ secretRef: { name: " " } }, { configMapRef: {} }] }), []);
});
