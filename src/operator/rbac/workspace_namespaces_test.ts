import assert from "node:assert/strict";
import type { Namespace } from "../../api/kubernetes/types.ts";
import { hasOptedIn, matchesPattern, type NamespaceFacts, workspacePlaces } from "./workspace_namespaces.ts";

const namespace = (metadata: Namespace["metadata"] = {}): Namespace => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "w", ...metadata },
});
const owner = (...workspaceNamespaces: string[]) => ({ namespace: "a", name: "coder", workspaceNamespaces });
const facts = (known: Record<string, Namespace>, more: Partial<NamespaceFacts> = {}): NamespaceFacts => ({
  scope: [],
  allowed: [],
  namespaces: { get: ({ name }) => known[name] },
  ...more,
});
const labels = { "coder.com/workspaces-from": "a" };

Deno.test("a namespace lets control planes in by a label or a list in an annotation", () => {
  const by = (annotation: string) => namespace({ annotations: { "coder.com/workspaces-from": annotation } });
  const a = { namespace: "a", name: "coder" };
  assert.ok(hasOptedIn(namespace({ labels }), a));
  for (const list of ["a", "b, a", "a/coder", "b/x,a/coder ", "*"]) assert.ok(hasOptedIn(by(list), a), list);
  for (const list of ["", " ", "b", "a/other", "coder", "a*", "ab", "*/coder", "a/"]) {
    assert.ok(!hasOptedIn(by(list), a), list);
  }
  assert.ok(!hasOptedIn(namespace(), a));
  assert.ok(!hasOptedIn(namespace({ labels: { "coder.com/workspaces-from": "b" } }), a));
  assert.ok(!hasOptedIn(namespace(), { namespace: "", name: "" }), "an empty name matches no empty entry");
});

Deno.test("the own namespace comes first and needs no consent, others come once each, in order", () => {
  const places = workspacePlaces(owner("w", "a", " w ", "", "v"), facts({ w: namespace({ labels }) }));
  assert.deepEqual(places.map(({ namespace, right }) => `${namespace} ${right}`), [
    "a grant",
    "w grant",
    "v none",
  ]);
});

Deno.test("what stands against a namespace is said, with what to do", () => {
  const rows: [NamespaceFacts, string, string, RegExp][] = [
    [facts({}), "none", "NamespaceMissing", /w does not exist: create it/],
    [
      facts({ w: namespace({ labels, deletionTimestamp: "2026-01-01T00:00:00Z" }) }),
      "none",
      "NamespaceTerminating",
      /w is being deleted/,
    ],
    [
      facts({ w: namespace() }),
      "keep",
      "NamespaceNotAllowed",
      /kubectl label namespace w coder.com\/workspaces-from=a$/,
    ],
    [
      facts({ w: namespace({ labels }) }, { scope: ["a"] }),
      "none",
      "NamespaceOutOfScope",
      /operator's --namespace/,
    ],
    [
      facts({}, { scope: ["a", "w"], namespaces: undefined }),
      "keep",
      "NamespaceNotAllowed",
      /--workspace-namespaces/,
    ],
  ];
  for (const [given, right, reason, message] of rows) {
    const [, place] = workspacePlaces(owner("w"), given);
    assert.equal(place?.right, right);
    assert.equal(place?.because?.reason, reason);
    assert.match(place?.because?.message ?? "", message);
  }
});

Deno.test("the operator's own list allows what did not opt in, but makes nothing exist", () => {
  const allowed = ["team-*"];
  const one = (name: string, given: NamespaceFacts) => workspacePlaces(owner(name), given)[1]?.right;
  assert.equal(one("team-a", facts({ "team-a": namespace() }, { allowed })), "grant");
  assert.equal(one("team-a", facts({}, { allowed })), "none");
  assert.equal(one("other", facts({ other: namespace() }, { allowed })), "keep");
  assert.equal(one("team-a", facts({}, { allowed, scope: ["a", "team-a"], namespaces: undefined })), "grant");
  assert.equal(one("team-a", facts({}, { allowed, scope: ["a"], namespaces: undefined })), "none");
});

Deno.test("Kubernetes' own namespaces are meant by name alone", () => {
  assert.ok(matchesPattern("*", "team"));
  assert.ok(!matchesPattern("*", "kube-system"));
  assert.ok(!matchesPattern("*-system", "kube-system"));
  assert.ok(matchesPattern("kube-system", "kube-system"));
  assert.ok(matchesPattern("kube-*", "kube-public"));
  assert.ok(!matchesPattern("team", "teams"));
});
