import assert from "node:assert/strict";
import { SignJWT, UnsecuredJWT } from "jose";
import { recordingLogger } from "../kube/testing/recording_logger.ts";
import { createOidcAuthenticator, OidcConfigError, type OidcOptions } from "./oidc.ts";
import { type IssuerKey, issuerKey, startIssuer, type TestIssuer } from "./testing/issuer.ts";
import { CertificateClock } from "./testing/reviews.ts";

const AUDIENCE = "https://mcp.test/mcp";
const keys = { a: await issuerKey("a"), b: await issuerKey("b"), rsa: await issuerKey("rsa", "RS256") };

function rig(issuer: TestIssuer, options: Partial<OidcOptions> = {}) {
  const clock = new CertificateClock();
  const { logger, lines } = recordingLogger();
  const oidc = createOidcAuthenticator({
    issuer: issuer.url,
    audiences: [AUDIENCE],
    clock,
    log: logger,
    usernamePrefix: "oidc:",
    ...options,
  });
  return {
    oidc,
    clock,
    lines,
    /** `oidc:ann`, or `401 why`. */
    async who(token: string): Promise<string> {
      const answer = await oidc.authenticate(token);
      return "user" in answer
        ? answer.user.name
        : `${answer.refusal.code} ${answer.refusal.message.replace("the bearer token is not valid: ", "")}`;
    },
  };
}

/** What goes on beside the answers, within a minute. */
async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!condition() && Date.now() < end) await new Promise((done) => setTimeout(done, 1));
  assert.ok(condition(), String(condition));
}

Deno.test("a token of the issuer is its user's, who is logged in like any other", async () => {
  await using issuer = await startIssuer(keys.a);
  const { oidc } = rig(issuer, { groupsClaim: "groups", groupsPrefix: "oidc:" });
  const answer = await oidc.authenticate(await issuer.token({ groups: ["dev", "ops"] }));
  assert.deepEqual(answer, {
    user: { name: "oidc:ann", groups: ["oidc:dev", "oidc:ops", "system:authenticated"], extra: {} },
  });
});

Deno.test("keys are found by discovery, or where they are said to be, and read once", async () => {
  await using issuer = await startIssuer(keys.a);
  const discovering = rig(issuer);
  assert.deepEqual(
    await Promise.all(
      [issuer.token(), issuer.token({ sub: "bob" })].map(async (one) => discovering.who(await one)),
    ),
    ["oidc:ann", "oidc:bob"],
  );
  assert.deepEqual(issuer.asked, ["/.well-known/openid-configuration", "/keys"]);
  const told = rig(issuer, { jwksUrl: `${issuer.url}/keys` });
  assert.equal(await told.who(await issuer.token()), "oidc:ann");
  assert.deepEqual(issuer.asked.slice(2), ["/keys"]);
});

Deno.test("what is not for us, not of the issuer, not yet or no more valid is refused", async () => {
  await using issuer = await startIssuer(keys.a);
  const { who } = rig(issuer);
  const now = Math.floor(Date.now() / 1_000);
  const stranger = await issuerKey("a");
  const cases: [claims: Record<string, unknown>, said: string][] = [
    [{ aud: "https://other.test" }, "401 its claim aud does not fit"],
    [{ aud: "https://mcp.test" }, "401 its claim aud does not fit"],
    [{ aud: undefined }, "401 its claim aud does not fit"],
    [{ iss: "https://other.test" }, "401 it is of another issuer"],
    [{ iss: undefined }, "401 its claim iss does not fit"],
    [{ exp: now - 31 }, "401 it has expired"],
    [{ exp: undefined }, "401 its claim exp does not fit"],
    [{ nbf: now + 60 }, "401 its claim nbf does not fit"],
    [{ sub: undefined }, "401 there is no name in the claim sub"],
  ];
  for (const [claims, said] of cases) assert.equal(await who(await issuer.token(claims)), said);
  assert.equal(await who(await issuer.token({}, { key: stranger })), "401 its signature is wrong");
  assert.equal(
    await who(await issuer.token({}, { header: { crit: ["x"], x: 1 } }).catch(() => "a.b.c")),
    "401 it is malformed",
  );
  assert.equal(await who("a.b.c"), "401 it is malformed");
  assert.equal(await who(await issuer.token({ exp: now - 20, aud: ["x", AUDIENCE] })), "oidc:ann");
});

Deno.test("a token without a signature, or signed with a public key as a secret, is refused", async () => {
  await using issuer = await startIssuer(keys.rsa);
  const { who } = rig(issuer);
  const claims = { iss: issuer.url, aud: AUDIENCE, sub: "ann", exp: Math.floor(Date.now() / 1_000) + 60 };
  assert.equal(await who(new UnsecuredJWT(claims).encode()), "401 its algorithm is not accepted");
  const secret = new TextEncoder().encode(JSON.stringify(keys.rsa.jwk).padEnd(64));
  const forged = await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "rsa" }).sign(secret);
  assert.equal(await who(forged), "401 its algorithm is not accepted");
  // Published by mistake, it must not open anything either.
  issuer.keys = [{ kty: "oct", k: btoa("secret"), kid: "rsa", alg: "HS256" }, keys.rsa.jwk];
  assert.equal(await rig(issuer).who(forged), "401 its algorithm is not accepted");
});

Deno.test("only algorithms that are allowed are accepted", async () => {
  await using issuer = await startIssuer(keys.rsa);
  assert.equal(await rig(issuer).who(await issuer.token()), "oidc:ann");
  assert.equal(
    await rig(issuer, { algorithms: ["ES256"] }).who(await issuer.token()),
    "401 its algorithm is not accepted",
  );
});

Deno.test("a key that is new is asked for, at most every ten seconds", async () => {
  await using issuer = await startIssuer(keys.a);
  const { who, clock } = rig(issuer, { jwksUrl: `${issuer.url}/keys` });
  assert.equal(await who(await issuer.token()), "oidc:ann");
  issuer.keys = [keys.b.jwk];
  const rotated = await issuer.token({}, { key: keys.b });
  assert.equal(await who(rotated), "401 its issuer has no such key");
  assert.equal(issuer.asked.length, 1);
  await clock.advance(10_001);
  assert.equal(await who(rotated), "oidc:ann");
  assert.equal(issuer.asked.length, 2);
  for (let flood = 0; flood < 50; flood++) {
    const unknown = await issuer.token({}, { key: { ...keys.b, kid: `no-${flood}` } });
    assert.equal(await who(unknown), "401 its issuer has no such key");
  }
  assert.equal(issuer.asked.length, 2);
  await clock.advance(10_001);
  // The key that was withdrawn opens nothing any more.
  assert.equal(await who(await issuer.token()), "401 its issuer has no such key");
});

Deno.test("old keys are read anew beside the answer, and stay while they cannot be", async () => {
  await using issuer = await startIssuer(keys.a);
  const { who, clock, lines } = rig(issuer, { jwksUrl: `${issuer.url}/keys` });
  assert.equal(await who(await issuer.token()), "oidc:ann");
  issuer.trouble = () => new Response("", { status: 500 });
  await clock.advance(600_001);
  const long = { exp: Math.floor(Date.now() / 1_000) + 3_000 };
  assert.equal(await who(await issuer.token({ ...long, sub: "bob" })), "oidc:bob");
  const warnings = () => lines.filter(({ level }) => level === "warn");
  await until(() => warnings().length === 1);
  assert.match(JSON.stringify(warnings()), /keys cannot be read.*answers 500/);
  issuer.trouble = undefined;
  await clock.advance(10_001);
  assert.equal(await who(await issuer.token({ ...long, sub: "carol" })), "oidc:carol");
  await until(() => issuer.asked.length === 3);
  await until(() => lines.filter(({ level }) => level === "debug").length === 2);
});

Deno.test("an issuer that is away, or publishes nonsense, is 503 and not anybody", async () => {
  await using issuer = await startIssuer(keys.a);
  const away = /^503 Whose the bearer token is cannot be found out/;
  const answers: (() => Response | Promise<Response>)[] = [
    () => new Response("", { status: 404 }),
    () => new Response("<html>"),
    () => Response.json({ keys: "none" }),
    () => Response.json({ keys: [{ kty: "oct", k: "AAAA" }] }),
    () => Response.json({ issuer: "https://other.test", jwks_uri: `${issuer.url}/keys` }),
    () => Response.json({ issuer: issuer.url, jwks_uri: "http://other.test/keys" }),
    () => Response.json({ keys: [], padding: "x".repeat(600 * 1024) }),
    () => Response.redirect(`${issuer.url}/elsewhere`),
    () => new Promise(() => {}),
  ];
  for (const answer of answers) {
    issuer.trouble = (path) => path === "/elsewhere" ? undefined : answer();
    const { who, lines } = rig(issuer, { timeoutMs: 50 });
    assert.match(await who(await issuer.token()), away);
    assert.equal(lines.length, 1);
    // At once again: nobody is asked.
    const before = issuer.asked.length;
    assert.match(await who(await issuer.token({ sub: "bob" })), away);
    assert.equal(issuer.asked.length, before);
  }
  assert.ok(!issuer.asked.includes("/elsewhere"));
});

Deno.test("an accepted token is not verified again, and ends with its time all the same", async () => {
  await using issuer = await startIssuer(keys.a);
  const { who, clock } = rig(issuer);
  const now = Math.floor(clock.wallTime() / 1_000);
  const token = await issuer.token({ exp: now + 5 });
  assert.equal(await who(token), "oidc:ann");
  await clock.advance(9_000);
  assert.equal(await who(token), "oidc:ann");
  await clock.advance(28_000);
  assert.equal(await who(token), "401 it has expired");
});

Deno.test("a token that names no key is tried with each that may have signed it", async () => {
  await using issuer = await startIssuer(keys.a);
  issuer.keys = [keys.b.jwk, keys.a.jwk];
  const { who } = rig(issuer);
  const noName = async (key: IssuerKey) =>
    await issuer.token({}, { key, header: { kid: undefined } as never });
  assert.equal(await who(await noName(keys.a)), "oidc:ann");
  assert.equal(await who(await noName(keys.b)), "oidc:ann");
  assert.equal(await who(await noName(await issuerKey("c"))), "401 its signature is wrong");
});

Deno.test("a token without a scope that is needed is told which", async () => {
  await using issuer = await startIssuer(keys.a);
  const { oidc, who } = rig(issuer, { scopes: ["mcp", "mcp:write"] });
  assert.equal(await who(await issuer.token({ scope: "openid mcp mcp:write" })), "oidc:ann");
  assert.equal(await who(await issuer.token({ scp: ["mcp", "mcp:write"] })), "oidc:ann");
  const answer = await oidc.authenticate(await issuer.token({ scope: "mcp mcp:writer" }));
  assert.deepEqual(answer, {
    refusal: {
      code: 403,
      reason: "Forbidden",
      message: "the bearer token is not enough: the scope mcp:write is missing",
      oauth: { error: "insufficient_scope", scope: "mcp mcp:write" },
    },
  });
});

Deno.test("which tokens are the issuer's is told by what they say, whatever they are", async () => {
  await using issuer = await startIssuer(keys.a);
  const { oidc } = rig(issuer, { issuer: `${issuer.url}/` });
  assert.ok(oidc.isFor(await issuer.token()));
  assert.ok(oidc.isFor(await issuer.token({ iss: `${issuer.url}/` })));
  assert.ok(oidc.isFor(await issuer.token({}, { key: await issuerKey("x") })));
  assert.ok(!oidc.isFor(await issuer.token({ iss: "https://kubernetes.default.svc" })));
  const others = [
    "",
    "opaque",
    "a.b",
    "a.b.c",
    "a.b.c.d.e",
    `${await issuer.token()}.x`,
    await issuer.token({ x: "y".repeat(20_000) }),
  ];
  for (const other of others) assert.ok(!oidc.isFor(other), other.slice(0, 40));
  assert.equal(issuer.asked.length, 0);
});

Deno.test("a slash at the end of the issuer makes no difference", async () => {
  await using issuer = await startIssuer(keys.a);
  assert.equal(await rig(issuer, { issuer: `${issuer.url}/` }).who(await issuer.token()), "oidc:ann");
  assert.equal(await rig(issuer).who(await issuer.token({ iss: `${issuer.url}/` })), "oidc:ann");
});

Deno.test("a caller who has left is not waited for", async () => {
  await using issuer = await startIssuer(keys.a);
  issuer.trouble = () => new Promise(() => {});
  const { oidc } = rig(issuer, { timeoutMs: 100 });
  const gone = new AbortController();
  const asking = oidc.authenticate(await issuer.token(), gone.signal);
  gone.abort(new Error("gone"));
  await assert.rejects(asking, /gone/);
  assert.match(JSON.stringify(await oidc.authenticate(await issuer.token({ sub: "b" }))), /"code":503/);
});

Deno.test("settings that would let in anybody are refused", () => {
  const good = { issuer: "https://issuer.test", audiences: [AUDIENCE] };
  const bad: [Partial<OidcOptions>, RegExp][] = [
    [{ issuer: "http://issuer.test" }, /must be https/],
    [{ issuer: "issuer.test" }, /is no URL/],
    [{ issuer: "https://a:b@issuer.test" }, /user name/],
    [{ jwksUrl: "http://issuer.test/keys" }, /address of the keys must be https/],
    [{ audiences: [] }, /audience/],
    [{ audiences: [""] }, /audience/],
    [{ algorithms: ["none"] as never }, /algorithms must be some of/],
    [{ algorithms: ["HS256"] as never }, /algorithms must be some of/],
    [{ algorithms: [] }, /algorithms/],
  ];
  createOidcAuthenticator(good);
  createOidcAuthenticator({ ...good, issuer: "http://localhost:1", jwksUrl: "http://[::1]:1/keys" });
  for (const [change, why] of bad) {
    assert.throws(() => createOidcAuthenticator({ ...good, ...change }), (error) => {
      assert.ok(error instanceof OidcConfigError);
      assert.match(error.message, why);
      return true;
    });
  }
});
