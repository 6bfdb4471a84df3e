import assert from "node:assert/strict";
import { KubeApiError } from "../../kube/errors.ts";
import type { KubeClient } from "../../kube/client.ts";
import { readSecret, readSecretKeys, secretVersion } from "./secrets.ts";

const secret = { namespace: "a", name: "s" };
const signal = new AbortController().signal;
const base64 = (text: string) => new TextEncoder().encode(text).toBase64();

/** A client with one Secret, or a refusal. */
function client(answer: Record<string, string> | undefined | KubeApiError, reads: number[] = []) {
  const get = () => {
    reads.push(1);
    return answer instanceof KubeApiError
      ? Promise.reject(answer)
      : Promise.resolve({ metadata: {}, ...(answer && { data: answer }) });
  };
  return { get } as unknown as Pick<KubeClient, "get">;
}
const refusal = (code: number, reason: string) =>
  new KubeApiError(code, reason, "no", { method: "GET", path: "/" });
const read = (answer: Parameters<typeof client>[0]) =>
  readSecret(client(answer), { secret, key: "k" }, signal);

Deno.test("a value comes without the white space around it", async () => {
  assert.deepEqual(await read({ k: base64(" v w\n") }), { value: "v w" });
  assert.deepEqual(await read({ k: base64("Größe 🔑") }), { value: "Größe 🔑" });
});

Deno.test("what is missing is named with what to do", async () => {
  const rows: [Parameters<typeof client>[0], string, RegExp][] = [
    [refusal(404, "NotFound"), "Secret", /Secret a\/s does not exist; create it with key k$/],
    [{}, "key", /Secret a\/s has no key k; add it/],
    [undefined, "key", /no key k/],
    [{ k: "" }, "value", /nothing at key k; fill it/],
    [{ k: base64(" \n") }, "value", /nothing at key k/],
    [{ k: "/w==" }, "value", /no text at key k; correct it/],
    [{ k: "%%%" }, "value", /no text at key k/],
  ];
  for (const [answer, missing, message] of rows) {
    const value = await read(answer);
    assert.ok("missing" in value);
    assert.equal(value.missing, missing);
    assert.match(value.message, message);
  }
});

Deno.test("a key of Object's own is no key of a Secret", async () => {
  const value = await readSecret(client({}), { secret, key: "constructor" }, signal);
  assert.ok("missing" in value && value.missing === "key");
});

Deno.test("what the API server refuses is thrown", async () => {
  const refused = refusal(403, "Forbidden");
  await assert.rejects(read(refused), refused);
});

Deno.test("several keys are of one version of the Secret", async () => {
  const reads: number[] = [];
  const values = await readSecretKeys(client({ a: base64("1"), c: base64("3") }, reads), secret, [
    "a",
    "b",
    "c",
  ], signal);
  assert.deepEqual(values.map((value) => "value" in value ? value.value : value.missing), ["1", "key", "3"]);
  assert.equal(reads.length, 1);
  const none = await readSecretKeys(client(refusal(404, "NotFound")), secret, ["a", "b"], signal);
  assert.deepEqual(none.map((value) => "missing" in value && value.message), [
    "Secret a/s does not exist; create it with keys a, b",
    "Secret a/s does not exist; create it with keys a, b",
  ]);
});

Deno.test("the version tells a Secret that was made anew from one that changed", () => {
  const kinds = (metadata: { uid: string; resourceVersion: string } | undefined) =>
    ({ secrets: { get: () => metadata && { metadata } } }) as unknown as Parameters<typeof secretVersion>[0];
  assert.equal(secretVersion(kinds(undefined), secret), "");
  assert.equal(secretVersion(kinds({ uid: "u", resourceVersion: "7" }), secret), "u 7");
});
