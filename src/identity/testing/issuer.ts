/** An OpenID Connect issuer on loopback, with keys that can be changed and trouble that can be made. For tests alone. */
import {
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from "jose";

export interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  /** As `jose` has it. */
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];
  readonly jwk: JWK;
}

export interface TestIssuer extends AsyncDisposable {
  readonly url: string;
  /** What is published; change it at will. */
  keys: JWK[];
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Answers in place of the issuer where it returns something. */
  trouble: ((path: string) => Response | Promise<Response> | undefined) | undefined;
  /** Signs with `key`, the first by default. A claim that is undefined is left out. */
  token(
    claims?: JWTPayload,
    options?: { key?: IssuerKey; header?: Partial<JWTHeaderParameters> },
  ): Promise<string>;
}

/** Makes a key; nobody knows of it before it is published. */
export async function issuerKey(kid: string, alg = "ES256"): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...await exportJWK(publicKey), kid, alg, use: "sig" } };
}

/** Starts it with one key. Claims are those of `ann`, for the audience `https://mcp.test/mcp`, good for five minutes. */
export async function startIssuer(first?: IssuerKey): Promise<TestIssuer> {
  const key = first ?? await issuerKey("first");
  const asked: string[] = [];
  const end = new AbortController();
  const options = { port: 0, hostname: "127.0.0.1", onListen: () => {}, signal: end.signal };
  const server = Deno.serve(options, async (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    const instead = await issuer.trouble?.(pathname);
    if (instead !== undefined) return instead;
    if (pathname === "/.well-known/openid-configuration") {
      return Response.json({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` });
    }
    return pathname === "/keys" ? Response.json({ keys: issuer.keys }) : new Response("", { status: 404 });
  });
  const issuer: TestIssuer = {
    url: `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`,
    keys: [key.jwk],
    asked,
    trouble: undefined,
    async token(claims = {}, { key: signer = key, header = {} } = {}) {
      const now = Math.floor(Date.now() / 1_000);
      const payload = {
        iss: issuer.url,
        aud: "https://mcp.test/mcp",
        sub: "ann",
        iat: now,
        exp: now + 300,
        ...claims,
      };
      return await new SignJWT(payload).setProtectedHeader({ alg: signer.alg, kid: signer.kid, ...header })
        .sign(signer.privateKey);
    },
    async [Symbol.asyncDispose]() {
      // Answers that never come are not waited for.
      end.abort();
      await server.finished;
    },
  };
  return issuer;
}
