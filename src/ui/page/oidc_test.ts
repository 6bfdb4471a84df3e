import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { NoRenewal } from "./credentials.js";
import { answerIn, arrive, depart, discover, OidcError, renew, revoke } from "./oidc.js";
import { base64url, challengeOf } from "./pkce.js";

const NEVER = new AbortController().signal;
const ISSUER = "https://id.example/realm";
const CLIENT = { issuer: ISSUER, clientId: "page", scopes: "openid offline_access" };
const REDIRECT = "https://host/ui/";
const NOW = Date.UTC(2026, 10, 22, 12);

class Tab {
  readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

function jwt(claims: Record<string, unknown>): string {
  const part = (value: unknown) => base64url(new TextEncoder().encode(JSON.stringify(value)));
  return `${part({ alg: "RS256" })}.${part(claims)}.c2ln`;
}

/** An issuer with a token endpoint that answers as it is told. */
class FakeIssuer {
  document: Record<string, unknown> = {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/auth?realm=1`,
    token_endpoint: `${ISSUER}/token`,
    revocation_endpoint: `${ISSUER}/revoke`,
    code_challenge_methods_supported: ["plain", "S256"],
    response_modes_supported: ["query", "fragment"],
    authorization_response_iss_parameter_supported: true,
  };
  tokens: (form: URLSearchParams) => Response = () =>
    Response.json({ error: "server_error" }, { status: 500 });
  readonly forms: URLSearchParams[] = [];
  readonly asked: string[] = [];

  request = (input: URL | RequestInfo, init: RequestInit = {}): Promise<Response> => {
    const url = String(input);
    this.asked.push(url);
    equal(init.credentials, "omit");
    if (url.endsWith("/.well-known/openid-configuration")) {
      return Promise.resolve(Response.json(this.document));
    }
    const form = new URLSearchParams(String(init.body));
    this.forms.push(form);
    return Promise.resolve(url.endsWith("/revoke") ? new Response(null) : this.tokens(form));
  };
}

/** Goes to the issuer and comes back with a code. */
async function journey(issuer: FakeIssuer, keep = false) {
  const store = new Tab();
  const address = await depart(await discover(ISSUER, NEVER, issuer.request), CLIENT, {
    redirect: REDIRECT,
    keep,
    store,
    now: NOW,
  });
  const sent = new URL(address).searchParams;
  const answer = new URLSearchParams({ code: "c0de", state: sent.get("state") ?? "", iss: ISSUER });
  const how = { redirect: REDIRECT, store, now: NOW, signal: NEVER, request: issuer.request };
  const idToken = (more: Record<string, unknown> = {}) =>
    jwt({ iss: ISSUER, aud: "page", nonce: sent.get("nonce"), exp: NOW / 1_000 + 300, ...more });
  return { store, address, sent, answer, how, idToken };
}

Deno.test("whoever signs in goes to the issuer with a challenge, and no secret", async () => {
  const issuer = new FakeIssuer();
  const { sent, address, store } = await journey(issuer);
  match(address, /^https:\/\/id\.example\/realm\/auth\?realm=1&/);
  const kept = JSON.parse([...store.kept.values()][0] ?? "");
  deepEqual(Object.fromEntries(sent), {
    realm: "1",
    response_type: "code",
    response_mode: "fragment",
    client_id: "page",
    redirect_uri: REDIRECT,
    scope: "openid offline_access",
    state: kept.state,
    nonce: kept.nonce,
    code_challenge: await challengeOf(kept.verifier),
    code_challenge_method: "S256",
  });
  issuer.document["response_modes_supported"] = ["query"];
  equal((await journey(issuer)).sent.has("response_mode"), false);
});

Deno.test("a return is known by its state, in the fragment or the query, and nothing else is one", () => {
  equal(answerIn({ search: "", hash: "#code=a&state=b" })?.get("code"), "a");
  equal(answerIn({ search: "?error=no&state=b", hash: "#workspaces" })?.get("error"), "no");
  for (const [search, hash] of [["", ""], ["?code=a", ""], ["", "#state=b"], ["", "#workspaces"]] as const) {
    equal(answerIn({ search, hash }), undefined);
  }
});

Deno.test("the code is exchanged once, with the verifier; the tokens are those that a server can verify", async () => {
  const issuer = new FakeIssuer();
  const { answer, how, idToken, store } = await journey(issuer, true);
  const verifier = JSON.parse([...store.kept.values()][0] ?? "").verifier;
  const [access, id] = [jwt({ aud: "https://host/mcp", exp: NOW / 1_000 + 100 }), idToken()];
  issuer.tokens = () =>
    Response.json({ access_token: access, id_token: id, refresh_token: "r1", expires_in: 120 });
  deepEqual(await arrive(answer, CLIENT, how), {
    signIn: { tokens: [access, id], refresh: "r1", until: NOW + 100_000 },
    keep: true,
  });
  deepEqual(Object.fromEntries(issuer.forms[0] ?? []), {
    grant_type: "authorization_code",
    code: "c0de",
    redirect_uri: REDIRECT,
    code_verifier: verifier,
    client_id: "page",
  });
  equal(store.kept.size, 0);
  await rejects(arrive(answer, CLIENT, how), /not begun in this tab/);
  equal(issuer.forms.length, 1, "a code that was used is not shown again");
});

Deno.test("an access token that no server can verify is left out; with none there is no sign-in", async () => {
  const issuer = new FakeIssuer();
  const first = await journey(issuer);
  const id = first.idToken();
  issuer.tokens = () => Response.json({ access_token: "opaque", id_token: id });
  deepEqual((await arrive(first.answer, CLIENT, first.how)).signIn.tokens, [id]);
  const second = await journey(issuer);
  issuer.tokens = () => Response.json({ access_token: "opaque" });
  const client = { ...CLIENT, scopes: "api" };
  await rejects(arrive(second.answer, client, second.how), /neither is a JWT/);
});

Deno.test("an ID token of another sign-in, issuer, client or time lets nobody in", async () => {
  const issuer = new FakeIssuer();
  const odd: [Record<string, unknown>, RegExp][] = [
    [{ nonce: "other" }, /not of this sign-in/],
    [{ iss: "https://evil.example" }, /another issuer/],
    [{ aud: "other" }, /another client/],
    [{ aud: ["other"] }, /another client/],
    [{ exp: NOW / 1_000 - 120 }, /has ended already/],
    [{ exp: undefined }, /has ended already/],
  ];
  for (const [claims, words] of odd) {
    const { answer, how, idToken } = await journey(issuer);
    issuer.tokens = () => Response.json({ id_token: idToken(claims) });
    await rejects(arrive(answer, CLIENT, how), words);
  }
  const { answer, how } = await journey(issuer);
  issuer.tokens = () => Response.json({ access_token: jwt({}) });
  await rejects(arrive(answer, CLIENT, how), /no ID token/);
});

Deno.test("a return that is not of this tab, is late, or of another issuer is not one", async () => {
  const issuer = new FakeIssuer();
  const stranger = await journey(issuer);
  stranger.answer.set("state", "other");
  await rejects(arrive(stranger.answer, CLIENT, stranger.how), /not begun in this tab/);
  const late = await journey(issuer);
  await rejects(arrive(late.answer, CLIENT, { ...late.how, now: NOW + 16 * 60_000 }), /too long/);
  for (const iss of ["https://evil.example", undefined]) {
    const mixed = await journey(issuer);
    if (iss === undefined) mixed.answer.delete("iss");
    else mixed.answer.set("iss", iss);
    await rejects(arrive(mixed.answer, CLIENT, mixed.how), /not from the issuer/);
  }
  const kept = await journey(issuer);
  kept.store.kept.forEach((_, key) => kept.store.kept.set(key, "{"));
  await rejects(arrive(kept.answer, CLIENT, kept.how), /not begun in this tab/);
  equal(issuer.forms.length, 0, "no code went anywhere");
});

Deno.test("what the issuer says no with is said in words", async () => {
  const issuer = new FakeIssuer();
  const denied = await journey(issuer);
  denied.answer.delete("code");
  denied.answer.set("error", "access_denied");
  denied.answer.set("error_description", "no\u001b[31m way");
  await rejects(arrive(denied.answer, CLIENT, denied.how), /said no\. It says: access_denied: no way/);
  for (
    const [answer, words] of [
      [Response.json({ error: "invalid_client" }, { status: 401 }), /public client.*invalid_client/],
      [Response.json({ error: "odd_one" }, { status: 400 }), /did not sign you in.*odd_one/],
      [new Response("<html>", { status: 502 }), /status 502/],
    ] as const
  ) {
    const { answer: code, how } = await journey(issuer);
    issuer.tokens = () => answer;
    await rejects(arrive(code, CLIENT, how), words);
  }
});

Deno.test("an issuer that is away, another one, or cannot do it is named with what to do", async () => {
  await rejects(discover(ISSUER, NEVER, () => Promise.reject(new TypeError("x"))), (error) => {
    match(String(error), /not reached.*CORS.*origin/);
    return error instanceof OidcError;
  });
  await rejects(
    discover(ISSUER, NEVER, () => Promise.resolve(new Response("no", { status: 404 }))),
    /status 404/,
  );
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ issuer: "https://evil.example" }, /another issuer/],
    [{ code_challenge_methods_supported: ["plain"] }, /PKCE/],
    [{ token_endpoint: "http://id.example/token" }, /token_endpoint/],
    [{ authorization_endpoint: "javascript:alert(1)" }, /authorization_endpoint/],
    [{ authorization_endpoint: 5 }, /authorization_endpoint/],
  ];
  for (const [change, words] of cases) {
    const issuer = new FakeIssuer();
    Object.assign(issuer.document, change);
    await rejects(discover(ISSUER, NEVER, issuer.request), words);
  }
  const slash = new FakeIssuer();
  slash.document["issuer"] = `${ISSUER}/`;
  equal((await discover(ISSUER, NEVER, slash.request)).issuer, `${ISSUER}/`);
});

Deno.test("tokens are renewed; an issuer that gives none any more is told from one that failed", async () => {
  const issuer = new FakeIssuer();
  const access = jwt({ exp: NOW / 1_000 + 60 });
  issuer.tokens = () => Response.json({ access_token: access, refresh_token: "r2" });
  const how = { now: NOW, signal: NEVER, request: issuer.request };
  deepEqual(await renew("r1", CLIENT, how), { tokens: [access], refresh: "r2", until: NOW + 60_000 });
  deepEqual(Object.fromEntries(issuer.forms[0] ?? []), {
    grant_type: "refresh_token",
    refresh_token: "r1",
    client_id: "page",
  });
  issuer.tokens = () => Response.json({ error: "invalid_grant" }, { status: 400 });
  await rejects(renew("r1", CLIENT, how), NoRenewal);
  issuer.tokens = () => new Response(null, { status: 500 });
  await rejects(renew("r1", CLIENT, how), OidcError);
});

Deno.test("who signs out takes the refresh token back, where the issuer can", async () => {
  const issuer = new FakeIssuer();
  await revoke("r1", CLIENT, { signal: NEVER, request: issuer.request });
  deepEqual([issuer.asked.at(-1), issuer.forms[0]?.get("token")], [`${ISSUER}/revoke`, "r1"]);
  delete issuer.document["revocation_endpoint"];
  await revoke("r1", CLIENT, { signal: NEVER, request: issuer.request });
  equal(issuer.forms.length, 1);
});

Deno.test("a browser that keeps nothing is told so", async () => {
  const store = {
    getItem: () => null,
    removeItem: () => {},
    setItem: () => {
      throw new DOMException("full", "QuotaExceededError");
    },
  };
  const issuer = await discover(ISSUER, NEVER, new FakeIssuer().request);
  await rejects(
    depart(issuer, CLIENT, { redirect: REDIRECT, keep: false, store, now: NOW }),
    /session storage/,
  );
});

Deno.test("where the browser has no cryptography, as at http, that is said", async () => {
  const issuer = await discover(ISSUER, NEVER, new FakeIssuer().request);
  const store = { getItem: () => null, removeItem: () => {}, setItem: () => {} };
  Object.defineProperty(crypto, "subtle", { value: undefined, configurable: true });
  try {
    await rejects(depart(issuer, CLIENT, { redirect: REDIRECT, keep: false, store, now: NOW }), /https/);
  } finally {
    Reflect.deleteProperty(crypto, "subtle");
  }
});
