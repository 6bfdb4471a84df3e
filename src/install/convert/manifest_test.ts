import assert from "node:assert/strict";
import { parse } from "yaml";
import type { Conversion } from "./helm.ts";
import { manifestText, warningText } from "./manifest.ts";

const conversion = (spec: Conversion["object"]["spec"], notes: Conversion["notes"] = []): Conversion => ({
  object: { apiVersion: "coder.com/v1alpha1", kind: "CoderControlPlane", metadata: { name: "coder" }, spec },
  notes,
});

Deno.test("a manifest begins with what it is, and goes on with the object", () => {
  assert.equal(
    manifestText(conversion({ image: "i" })),
    "# Made from values of Coder's Helm chart by coder-k8s convert.\n" +
      "# A Helm release is not taken over in place: docs/helm-parity.md tells how to move.\n" +
      "apiVersion: coder.com/v1alpha1\nkind: CoderControlPlane\nmetadata:\n  name: coder\nspec:\n  image: i\n",
  );
});

Deno.test("remarks stand at their fields, warnings at the top", () => {
  const text = manifestText(conversion({ image: "i", rbac: { extraRules: [] } }, [
    { path: "coder.a", what: "is gone", unmapped: true },
    { path: "coder.b", what: "look here", unmapped: false, at: "spec.rbac.extraRules" },
    { path: "coder.c", what: "and here", unmapped: false, at: "spec.rbac.extraRules" },
    { path: "coder.d", what: "the field was left out", unmapped: false, at: "spec.affinity" },
  ]));
  assert.match(
    text,
    /\n#\n# What to look at:\n# - coder\.a: is gone\n# - coder\.d: the field was left out\napiVersion/,
  );
  assert.match(
    text,
    /\n {2}rbac:\n {4}# coder\.b: look here\n {4}# coder\.c: and here\n {4}extraRules: \[\]\n$/,
  );
});

Deno.test("long and odd notes stay comments", () => {
  const what = `${"word ".repeat(60)}\nkind: Secret\r\n---\u2028x`;
  const text = manifestText(conversion({ image: "i" }, [{ path: "coder.a\nb", what, unmapped: true }]));
  for (const line of text.split("\n").filter((each) => each.startsWith("#"))) {
    assert.ok(line.length <= 112, line);
  }
  assert.equal((parse(text) as { kind: string }).kind, "CoderControlPlane");
  assert.equal(text.split("\n").filter((line) => /^kind:/.test(line)).length, 1);
});

Deno.test("texts that YAML 1.1 takes for something else are quoted", () => {
  const values = [
    "yes",
    "no",
    "on",
    "Off",
    "0400",
    "1:30",
    "2020-01-01",
    "1_000",
    "~",
    "null",
    "",
    "1e3",
    "0x1F",
    "=",
    "<<",
  ];
  const text = manifestText(conversion({ args: values }));
  assert.deepEqual((parse(text, { version: "1.1" }) as { spec: unknown }).spec, { args: values });
  assert.match(text, /^ {4}- "?'?yes'?"?$/m);
  assert.doesNotMatch(text, /- yes$/m);
});

Deno.test("two equal parts are written twice, not as an alias", () => {
  const same = { cpu: "1" };
  assert.doesNotMatch(manifestText(conversion({ resources: { limits: same, requests: same } })), /[&*]a1/);
});

Deno.test("a terminal gets one line for each value that cannot be mapped", () => {
  assert.equal(
    warningText([
      { path: "a", what: "x", unmapped: true },
      { path: "b", what: "y", unmapped: false, at: "spec.b" },
      { path: "c", what: "z", unmapped: true },
    ]),
    "warning: a: x\nwarning: c: z\n",
  );
  assert.equal(warningText([]), "");
});
