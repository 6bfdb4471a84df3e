import assert from "node:assert/strict";
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import { KubeApiError } from "../../kube/errors.ts";
import type { KubeClient } from "../../kube/client.ts";
import { readToken, TokenError } from "./token.ts";

const reference = { secret: { namespace: "a", name: "coder-operator-token" }, key: "token" };
const never = new AbortController().signal;

function client(answer: Record<string, string> | Error) {
  const read: ObjectKey[] = [];
  return {
    read,
    client: {
      get(_: unknown, key: ObjectKey) {
        read.push(key);
        if (answer instanceof Error) return Promise.reject(answer);
        return Promise.resolve({ metadata: {}, data: answer } as unknown as KubeObject);
      },
    } as unknown as Pick<KubeClient, "get">,
  };
}

const secret = (text: string) => ({ token: btoa(text) });
const status = (code: number, reason: string) =>
  new KubeApiError(code, reason, `answered ${code}`, { method: "GET", path: "/" });

async function failure(answer: Record<string, string> | Error): Promise<TokenError> {
  try {
    await readToken(client(answer).client, reference, never);
  } catch (error) {
    if (error instanceof TokenError) return error;
    throw error;
  }
  throw new Error("there was a token");
}

Deno.test("a token is read from its Secret, without the white space around it", async () => {
  const { client: kube, read } = client(secret(" abc-def\n"));
  assert.equal(await readToken(kube, reference, never), "abc-def");
  assert.deepEqual(read, [reference.secret]);
});

Deno.test("a Secret without a token is told from one that is not there", async () => {
  assert.match((await failure({})).message, /Secret a\/coder-operator-token has no token at key token/);
  assert.match((await failure(secret(" \n"))).message, /has no token/);
  assert.match((await failure({ token: "%%%" })).message, /has no token/);
  assert.match((await failure({ token: btoa("\xff\xfe") })).message, /has no token/);
  assert.match((await failure(status(404, "NotFound"))).message, /does not exist/);
  assert.match((await failure(status(403, "Forbidden"))).message, /may not be read; grant/);
  assert.match((await failure(new Error("dial"))).message, /cannot be read$/);
});

Deno.test("who gives up gets their own reason", async () => {
  const given = AbortSignal.abort(new Error("enough"));
  await assert.rejects(readToken(client(new Error("dial")).client, reference, given), /enough/);
});
