/** An OpenID Connect issuer, played: authorization code with PKCE, refresh tokens, revocation, signed tokens. */
import { SignJWT } from "jose";
import { issuerKey } from "../../src/identity/testing/issuer.ts";
import { base64url } from "../../src/ui/page/pkce.js";

export class FakeIssuer implements AsyncDisposable {
  /** Whether answers come in the fragment; otherwise in the query. */
  canFragment = true;
  /** Refuses everybody with this error. */
  denies: string | undefined = undefined;
  /** Access tokens that it gave, the newest last. */
  readonly given: string[] = [];
  /** Of access tokens, in seconds. */
  lifetime = 300;
  /** Whether it still renews. */
  renews = true;
  /** Whether access tokens are such as a server can verify. */
  isOpaque = false;
  /** Whether other origins may call it. */
  allows = true;
  /** Whom access tokens are for. */
  audience = "server";
  /** Whose they are. */
  subject = "ada";
  readonly revoked: string[] = [];
  readonly asked: string[] = [];
  readonly #codes = new Map<string, { challenge: string; redirect: string; nonce: string }>();
  readonly #key = issuerKey("first");
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    this.asked.push(`${request.method} ${url.pathname}`);
    const response = await this.#dispatch(request, url);
    if (this.allows && url.pathname !== "/auth") response.headers.set("access-control-allow-origin", "*");
    return response;
  }

  async #dispatch(request: Request, url: URL): Promise<Response> {
    if (url.pathname === "/.well-known/openid-configuration") return Response.json(this.#document());
    if (url.pathname === "/keys") return Response.json({ keys: [(await this.#key).jwk] });
    if (url.pathname === "/auth") return this.#authorize(url.searchParams);
    const form = new URLSearchParams(await request.text());
    if (url.pathname === "/token") return await this.#token(form);
    if (url.pathname === "/revoke") {
      this.revoked.push(form.get("token") ?? "");
      return new Response(null);
    }
    return new Response("nothing here", { status: 404 });
  }

  #document(): Record<string, unknown> {
    return {
      issuer: this.url,
      authorization_endpoint: `${this.url}/auth`,
      jwks_uri: `${this.url}/keys`,
      token_endpoint: `${this.url}/token`,
      revocation_endpoint: `${this.url}/revoke`,
      code_challenge_methods_supported: ["S256"],
      ...(this.canFragment ? { response_modes_supported: ["query", "fragment"] } : {}),
    };
  }

  #authorize(asked: URLSearchParams): Response {
    const redirect = asked.get("redirect_uri") ?? "";
    const answer = new URLSearchParams({ state: asked.get("state") ?? "" });
    if (this.denies === undefined) {
      const code = crypto.randomUUID();
      this.#codes.set(code, {
        challenge: asked.get("code_challenge") ?? "",
        redirect,
        nonce: asked.get("nonce") ?? "",
      });
      answer.set("code", code);
    } else {
      answer.set("error", this.denies);
    }
    const mark = asked.get("response_mode") === "fragment" ? "#" : "?";
    return new Response(null, { status: 302, headers: { location: `${redirect}${mark}${answer}` } });
  }

  async #token(form: URLSearchParams): Promise<Response> {
    if (form.get("grant_type") === "refresh_token") {
      if (!this.renews) return Response.json({ error: "invalid_grant" }, { status: 400 });
      return await this.#tokens(undefined);
    }
    const code = this.#codes.get(form.get("code") ?? "");
    this.#codes.delete(form.get("code") ?? "");
    const digest = await crypto.subtle.digest(
      "SHA-256",
      new TextEncoder().encode(form.get("code_verifier") ?? ""),
    );
    const isTaken = code !== undefined && code.redirect === form.get("redirect_uri") &&
      code.challenge === base64url(new Uint8Array(digest));
    return isTaken
      ? await this.#tokens(code.nonce)
      : Response.json({ error: "invalid_grant" }, { status: 400 });
  }

  async #tokens(nonce: string | undefined): Promise<Response> {
    const access = this.isOpaque ? crypto.randomUUID() : await this.#jwt({ aud: this.audience });
    this.given.push(access);
    return Response.json({
      access_token: access,
      ...(nonce === undefined ? {} : { id_token: await this.#jwt({ aud: "page", nonce }) }),
      refresh_token: `refresh-${this.given.length}`,
      expires_in: this.lifetime,
    });
  }

  async #jwt(claims: Record<string, unknown>): Promise<string> {
    const { alg, kid, privateKey } = await this.#key;
    const iat = Math.floor(Date.now() / 1_000);
    const all = {
      iss: this.url,
      sub: this.subject,
      iat,
      exp: iat + this.lifetime,
      jti: crypto.randomUUID(),
      ...claims,
    };
    return await new SignJWT(all).setProtectedHeader({ alg, kid }).sign(privateKey);
  }
}
