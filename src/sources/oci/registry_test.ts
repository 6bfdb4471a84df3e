import assert from "node:assert/strict";
import { SourceError, type SourceReason } from "../errors.ts";
import { ociReference } from "./reference.ts";
import { Registry } from "./registry.ts";

const is = (reason: SourceReason, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof SourceError, String(error));
  assert.deepEqual([error.reason, words.test(error.message)], [reason, true], error.message);
  return true;
};

/** A registry that answers so, over plain HTTP. */
async function asking(
  answer: (request: Request, url: URL) => Response,
  run: (ask: (credentials?: { username: string; password: string }) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => answer(request, new URL(request.url)),
  );
  await run(async (credentials = undefined) => {
    const reference = ociReference({ url: `oci://127.0.0.1:${server.addr.port}/x`, insecure: true });
    using registry = new Registry(reference, { ...credentials }, true, new AbortController().signal);
    return await registry.ask("HEAD", "manifests/latest", 1_000);
  });
}

const challenge = (text: string) =>
  new Response(null, { status: 401, headers: { "www-authenticate": text } });
const alice = { username: "alice", password: "hunter2" };

Deno.test("a registry that wants what nobody has, or refuses what it gets, is told so", async () => {
  await asking(() => challenge("Basic"), async (ask) => {
    await assert.rejects(ask(), is("AuthenticationFailed", /wants credentials/));
    await assert.rejects(
      ask(alice),
      is("AuthenticationFailed", /does not accept the Secret's credentials for x/),
    );
  });
  for (const text of ["Negotiate", "Bearer", 'Bearer realm="nowhere"']) {
    await asking(() => challenge(text), async (ask) => {
      await assert.rejects(ask(alice), is("AuthenticationFailed", /of a kind that is not known/));
    });
  }
  await asking(() => new Response(null, { status: 403 }), async (ask) => {
    await assert.rejects(ask(), is("AuthenticationFailed", /wants credentials \(secretRef\) for x \(403\)/));
  });
  await asking(() => new Response(null, { status: 503 }), async (ask) => {
    await assert.rejects(ask(), is("Unreachable", /answers 503/));
  });
});

Deno.test("a token service that is broken is told apart from one that refuses", async () => {
  const withTokens = (token: () => Response) => (_: Request, url: URL) =>
    url.pathname === "/token" ? token() : challenge(`Bearer realm="${url.origin}/token"`);
  const told = async (token: () => Response, reason: SourceReason, words: RegExp) => {
    await asking(withTokens(token), (ask) => assert.rejects(ask(alice), is(reason, words)));
  };
  await told(() => new Response(null, { status: 500 }), "Unreachable", /makes tokens .*\(500\)/);
  await told(() => new Response(null, { status: 401 }), "AuthenticationFailed", /does not accept/);
  await told(() => new Response("no JSON"), "Unreachable", /sends none/);
  await told(() => Response.json({ token: "a b" }), "Unreachable", /sends none/);
  await told(() => Response.json({ token: 7 }), "Unreachable", /sends none/);
});

Deno.test("a token of either name is used", async () => {
  for (const body of [{ token: "t" }, { access_token: "t" }, { token: "", access_token: "t" }]) {
    await asking((request, url) => {
      if (url.pathname === "/token") {
        assert.equal(url.searchParams.get("scope"), "repository:x:pull");
        assert.equal(request.headers.get("authorization"), null);
        return Response.json(body);
      }
      const isKnown = request.headers.get("authorization") === "Bearer t";
      return isKnown ? new Response(null) : challenge(`Bearer realm="${url.origin}/token"`);
    }, async (ask) => assert.ok(await ask()));
  }
});
