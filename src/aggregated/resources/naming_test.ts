import assert from "node:assert/strict";
import type { Naming } from "../../api/control_plane_aggregation.ts";
import { canonicalName, coderName, type Named, nameForms } from "./naming.ts";

function backend(id: string, naming: Naming = "Auto", createdAt = ""): Named {
  const [namespace = "", name = ""] = id.split("/");
  return { id, namespace, controlPlane: { namespace, name }, naming, createdAt };
}

const forms = (...backends: Named[]) => Object.fromEntries(nameForms(backends));

Deno.test("one control plane in a namespace has plain names", () => {
  assert.deepEqual(forms(backend("a/x"), backend("b/x")), { "a/x": "plain", "b/x": "plain" });
});

Deno.test("from the second one on names are prefixed", () => {
  assert.deepEqual(forms(backend("a/x"), backend("a/y"), backend("b/x")), {
    "a/x": "prefixed",
    "a/y": "prefixed",
    "b/x": "plain",
  });
});

Deno.test("a control plane may be prefixed from the start, so that a second one renames nothing", () => {
  assert.deepEqual(forms(backend("a/x", "Prefixed")), { "a/x": "prefixed" });
});

Deno.test("a control plane may stay plain when a second one comes", () => {
  assert.deepEqual(forms(backend("a/x", "Plain"), backend("a/y")), { "a/x": "plain", "a/y": "prefixed" });
  assert.deepEqual(forms(backend("a/x", "Plain"), backend("a/y", "Prefixed")), {
    "a/x": "plain",
    "a/y": "prefixed",
  });
});

Deno.test("of several that wish to be plain the oldest is", () => {
  const [old, young] = [
    backend("a/z", "Plain", "2026-01-01T00:00:00Z"),
    backend("a/a", "Plain", "2026-01-02T00:00:00Z"),
  ];
  assert.deepEqual(forms(young, old), { "a/a": "prefixed", "a/z": "plain" });
  const [one, other] = [backend("a/b", "Plain"), backend("a/a", "Plain")];
  assert.deepEqual(forms(one, other), { "a/a": "plain", "a/b": "prefixed" });
});

Deno.test("a deployment that flags name is plain", () => {
  const { controlPlane: _, ...bare } = backend("static");
  assert.deepEqual(forms(bare), { static: "plain" });
  assert.equal(canonicalName({}, "prefixed", "acme.x"), "acme.x");
});

Deno.test("a canonical name is the plain one, or has its control plane before it", () => {
  assert.equal(canonicalName(backend("a/x"), "plain", "acme.docker"), "acme.docker");
  assert.equal(canonicalName(backend("a/x"), "prefixed", "acme.docker"), "x.acme.docker");
});

Deno.test("a Coder goes by its control plane, or by its namespace where flags name it", () => {
  const controlPlane = { namespace: "lab", name: "coder" };
  assert.equal(coderName({ id: "lab/coder", namespace: "lab", controlPlane }), "lab/coder");
  assert.equal(coderName({ id: "static", namespace: "lab" }), "namespace lab");
});
