import assert from "node:assert/strict";
import { Secrets } from "../../api/kubernetes/resources.ts";
import type { Secret } from "../../api/kubernetes/types.ts";
import { ADOPT_ANNOTATION } from "../../kube/applier.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isForbidden, KubeApiError } from "../../kube/errors.ts";
import { controlledBy, make } from "../../reconciler/testing/fakes.ts";
import { CHILD, KEY, widget } from "../testing.ts";
import { ownSecret, readOwnSecret, tokenIn } from "./own_secret.ts";

const secret = (metadata: Partial<Secret["metadata"]> = {}, data?: Record<string, string>): Secret => ({
  ...make(Secrets, CHILD.name, { namespace: CHILD.namespace, ...metadata }) as Secret,
  ...(data !== undefined && { data }),
});
const of = (uid: string, name = KEY.name) => ({ ownerReferences: controlledBy(widget({}, { uid, name })) });
const state = (live: Secret) => ownSecret(live, widget()).state;

Deno.test("a Secret is ours where this very object controls it", () => {
  const live = secret(of("uid-1"));
  assert.deepEqual(ownSecret(live, widget()), { state: "ours", secret: live, adopt: false });
});

Deno.test("what an earlier object of the name left is as good as none", () => {
  assert.equal(state(secret(of("uid-0"))), "none");
  assert.equal(state(secret(of("uid-0", "another"))), "foreign");
});

Deno.test("nobody's is left alone, and said to be so, unless the user lets us have it", () => {
  const foreign = ownSecret(secret(), widget());
  assert.ok(foreign.state === "foreign");
  assert.match(foreign.message, /Secret a\/w-pods/);
  const given = ownSecret(secret({ annotations: { [ADOPT_ANNOTATION]: KEY.name } }), widget());
  assert.ok(given.state === "ours");
  assert.equal(given.adopt, true);
});

Deno.test("one that is not there is none, and any other refusal is thrown", async () => {
  const read = (answer: Secret | Error) => {
    const get = () => answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    const client = { get } as unknown as Pick<KubeClient, "get">;
    return readOwnSecret(client, CHILD, widget(), new AbortController().signal);
  };
  const refused = (code: number, reason: string) =>
    new KubeApiError(code, reason, "no", { method: "GET", path: "/" });
  assert.deepEqual(await read(refused(404, "NotFound")), { state: "none" });
  assert.equal((await read(secret(of("uid-1")))).state, "ours");
  await assert.rejects(read(refused(403, "Forbidden")), isForbidden);
});

Deno.test("a token is text, without the white space around it", () => {
  const read = (data?: Record<string, string>, key = "token") => tokenIn(secret({}, data), key);
  assert.equal(read({ token: btoa(" abc\n") }), "abc");
  for (const data of [undefined, {}, { token: "" }, { token: "%%%" }, { token: btoa("  ") }]) {
    assert.equal(read(data), "", JSON.stringify(data));
  }
  assert.equal(read({}, "constructor"), "");
});
