import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { labelMatcher } from "../kube/cache/label_selector.ts";
import { type Address, CONTROL_PLANE, KEEPS, keyFor, labelsFor, nameOf, OF, SELECTOR } from "./address.ts";
import { acme } from "./testing.ts";

const DNS = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

const shadow = (key: string, kind: Address["kind"] = "workspaces"): Address => ({
  sort: "shadow",
  kind,
  key,
});

Deno.test("a name says what it is of, and is the same each time", () => {
  const id = "5d0a2f2c-7f7e-4c9d-9a53-0d7f6c1f9a10";
  const name = nameOf("team/acme", shadow(id));
  match(name, /^coder-k8s-workspace-5d0a2f2c-7f7e-4c9d-9a53-0d7f6c1f9a10-[0-9a-v]{10}$/);
  equal(nameOf("team/acme", shadow(id)), name);
  match(nameOf("team/acme", shadow(id, "templates")), /^coder-k8s-template-5d0a/);
  match(nameOf("a/b", { sort: "wish", kind: "workspaces", key: `${id}.box` }), /^coder-k8s-wish-5d0a.*-box-/);
  match(nameOf("a/b", { sort: "change", kind: "templates", key: id }), /^coder-k8s-change-5d0a/);
});

Deno.test("whatever it is of, the name is one that Kubernetes takes", () => {
  const keys = [
    "",
    "-",
    "A.B",
    "jane.box",
    "über",
    "x".repeat(400),
    `${"a".repeat(99)}--b`,
    "../../etc",
    "日本",
  ];
  for (const key of keys) {
    const name = nameOf("team/acme", shadow(key));
    match(name, DNS, key);
    ok(name.length <= 253, key);
  }
});

Deno.test("no two records have the same name", () => {
  const names = [
    nameOf("team/acme", shadow("a.b")),
    nameOf("team/acme", shadow("a-b")),
    nameOf("team/acme", shadow("A-B")),
    nameOf("team/other", shadow("a-b")),
    nameOf("static", shadow("a-b")),
    nameOf("team/acme", shadow("a-b", "templates")),
    nameOf("team/acme", { sort: "change", kind: "templates", key: "a-b" }),
    nameOf("team/acme", shadow(`${"x".repeat(200)}1`)),
    nameOf("team/acme", shadow(`${"x".repeat(200)}2`)),
  ];
  equal(new Set(names).size, names.length);
});

Deno.test("records are beside their control plane", () => {
  equal(keyFor(acme, shadow("a")).namespace, "team");
});

Deno.test("labels say what is kept, of what, and of whose Coder, and the selector takes them all", () => {
  const selected = labelMatcher(SELECTOR);
  const labels = labelsFor(acme, shadow("a"));
  deepEqual([labels[KEEPS], labels[OF], labels[CONTROL_PLANE]], ["shadow", "workspaces", "acme"]);
  ok(selected(labels));
  for (const sort of ["wish", "change"] as const) {
    ok(selected(labelsFor(acme, { sort, kind: "workspaces", key: "a" })));
  }
  ok(!selected({ ...labels, [KEEPS]: "other" }));
  ok(!selected({ "app.kubernetes.io/managed-by": "coder-k8s" }));
  const unnamed = { id: "static", namespace: "coder", uid: "" };
  equal(labelsFor(unnamed, shadow("a"))[CONTROL_PLANE], "static");
});

Deno.test("the name of a control plane may be longer than a label", () => {
  const named = (name: string) =>
    labelsFor({ ...acme, controlPlane: { namespace: "team", name } }, shadow("a"))[CONTROL_PLANE] ?? "";
  const long = `${"a".repeat(60)}.${"b".repeat(60)}`;
  match(named(long), LABEL);
  ok(named(long).length <= 63);
  notEqual(named(long), named(`${long}c`));
  equal(named("a".repeat(63)), "a".repeat(63));
});
