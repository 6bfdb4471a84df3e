import assert from "node:assert/strict";
import { SourceError } from "../errors.ts";
import { hashOf, jitterOf, secretOf, variablesOf } from "./inputs.ts";
import type { FollowedTemplate } from "./ports.ts";

const signal = new AbortController().signal;
const secrets = (data: Record<string, Record<string, string>>) => (name: string) => {
  const found = data[name];
  const bytes = (text: string) => new TextEncoder().encode(text);
  return Promise.resolve(found && new Map(Object.entries(found).map(([key, text]) => [key, bytes(text)])));
};
const isMissing = (words: RegExp) => (error: unknown) =>
  error instanceof SourceError && error.reason === "SecretMissing" && words.test(error.message);
const template = (more: Partial<FollowedTemplate>): FollowedTemplate => ({
  id: "t",
  source: { git: { url: "https://x/y" } },
  variables: [],
  tags: {},
  request: undefined,
  state: {},
  version: "1",
  ...more,
});

Deno.test("another source, folder, variable or tag is another thing to ask for; how often it is looked at is not", () => {
  const of = (more: Partial<FollowedTemplate>) => hashOf(template(more));
  const git = { url: "https://x/y" };
  const same = [
    of({}),
    of({ source: { git, intervalSeconds: 60, suspend: true, canary: {}, rollback: {} } }),
  ];
  assert.equal(new Set(same).size, 1);
  const others = [
    of({ source: { git: { ...git, branch: "b" } } }),
    of({ source: { git, path: "p" } }),
    of({ source: { oci: git } }),
    of({ variables: [{ name: "a", value: "b" }] }),
    of({ tags: { a: "b" } }),
  ];
  assert.equal(new Set([...same, ...others]).size, 6);
  assert.equal(of({ tags: { a: "1", b: "2" } }), of({ tags: { b: "2", a: "1" } }));
});

Deno.test("templates take different turns, always the same", () => {
  assert.equal(jitterOf("a"), jitterOf("a"));
  assert.notEqual(jitterOf("a"), jitterOf("b"));
  for (const id of ["a", "b", "c"]) assert.ok(jitterOf(id) >= 0 && jitterOf(id) < 1);
});

Deno.test("the Secret that is named is read, and missed where it is not there", async () => {
  const read = secrets({ s: { a: "1" } });
  assert.equal(await secretOf({ git: { url: "x" } }, read, signal), undefined);
  assert.equal((await secretOf({ oci: { url: "x", secretRef: { name: "s" } } }, read, signal))?.size, 1);
  await assert.rejects(
    secretOf({ git: { url: "x", secretRef: { name: "t" } } }, read, signal),
    isMissing(/no Secret t/),
  );
});

Deno.test("values of variables come from the object, or from Secrets", async () => {
  const read = secrets({ s: { key: "from the Secret" } });
  const from = (name: string, key: string) => ({ name: "b", valueFrom: { secretKeyRef: { name, key } } });
  const variables = [{ name: "a", value: "1" }, from("s", "key"), { name: "c" }];
  assert.deepEqual(await variablesOf(template({ variables }), read, signal), [
    { name: "a", value: "1" },
    { name: "b", value: "from the Secret" },
    { name: "c", value: "" },
  ]);
  for (const [name, key] of [["s", "other"], ["t", "key"]] as const) {
    await assert.rejects(
      variablesOf(template({ variables: [from(name, key)] }), read, signal),
      isMissing(/variable b/),
    );
  }
});
