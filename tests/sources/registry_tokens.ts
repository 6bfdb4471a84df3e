/** A service that makes tokens for a registry, as its specification of token authentication has it. */
import { join } from "node:path";
import { createAuthority, issueCertificate } from "../cluster/pki.ts";

export interface TokenService extends AsyncDisposable {
  /** The authority's certificate, PEM. */
  readonly ca: string;
  /** What it was asked, as `pull alice`. */
  readonly seen: string[];
  /** Lines of a registry's configuration. */
  auth(dir: string): Promise<string>;
  /** A token that may do everything. */
  token(name: string): Promise<string>;
}

const SERVICE = "the registry";
const encoder = new TextEncoder();
const encoded = (value: unknown) =>
  encoder.encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });

/** Lets those in who have this header. */
export async function startTokenService(authorization: string): Promise<TokenService> {
  const authority = await createAuthority("Tokens");
  const serving = { commonName: "localhost", dnsNames: ["localhost"], usage: ["server" as const] };
  const { certPem, keyPem } = await issueCertificate(authority, serving);
  const signing = await issueCertificate(authority, { commonName: "signer", usage: ["server"] });
  const key = await crypto.subtle.importKey(
    "pkcs8",
    derOf(signing.keyPem),
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
  const seen: string[] = [];

  async function token(name: string, actions: readonly string[]): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const text = `${encoded({ alg: "ES256", typ: "JWT", x5c: [derOf(signing.certPem).toBase64()] })}.${
      encoded({
        iss: "tests",
        aud: SERVICE,
        sub: "alice",
        iat: now,
        nbf: now - 10,
        exp: now + 300,
        jti: crypto.randomUUID(),
        access: [{ type: "repository", name, actions }],
      })
    }`;
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, encoder.encode(text));
    return `${text}.${new Uint8Array(signature).toBase64({ alphabet: "base64url", omitPadding: true })}`;
  }

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: certPem, key: keyPem, onListen: () => {} },
    async (request) => {
      const { searchParams } = new URL(request.url);
      const [, name = "", actions = ""] = searchParams.get("scope")?.split(":") ?? [];
      const given = request.headers.get("authorization");
      seen.push(`${searchParams.get("service")} ${name} ${actions} ${given ?? ""}`.trim());
      if (given !== authorization) return new Response("SECRET-BODY", { status: 401 });
      return Response.json({ token: await token(name, ["pull"]) });
    },
  );
  return {
    ca: authority.certPem,
    seen,
    token: (name) => token(name, ["pull", "push"]),
    async auth(dir) {
      await Deno.writeTextFile(join(dir, "tokens.pem"), authority.certPem);
      return `  token:
    realm: https://localhost:${server.addr.port}/token
    service: ${SERVICE}
    issuer: tests
    rootcertbundle: ${dir}/tokens.pem
    signingalgorithms: [ES256]
`;
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  };
}

function derOf(pem: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ""));
}
