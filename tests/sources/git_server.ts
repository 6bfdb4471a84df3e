/** Real `git http-backend` behind HTTPS, with a certificate of an authority of its own, and credentials. */
import { join } from "node:path";
import { createAuthority, issueCertificate } from "../cluster/pki.ts";

export interface GitServer extends AsyncDisposable {
  /** Of the repository `template.git`. */
  readonly url: string;
  /** The authority's certificate, PEM. */
  readonly ca: string;
  /** Requests, as `GET /template.git/info/refs alice`. */
  readonly seen: string[];
  /** Answers in place of the server, where it returns something. */
  override: ((request: Request) => Response | undefined) | undefined;
}

export interface GitServerOptions {
  readonly root: string;
  /** Value of `authorization` that is let in. @default everybody is */
  readonly authorization?: string;
}

export async function startGitServer({ root, authorization }: GitServerOptions): Promise<GitServer> {
  const authority = await createAuthority("Git");
  const { certPem, keyPem } = await issueCertificate(authority, {
    commonName: "localhost",
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
    usage: ["server"],
  });
  const seen: string[] = [];
  const backend = join(await execPath(), "git-http-backend");
  const made: Pick<GitServer, "override"> = { override: undefined };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: certPem, key: keyPem, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const given = request.headers.get("authorization");
      seen.push(`${request.method} ${pathname}${given === null ? "" : ` ${given}`}`);
      const other = made.override?.(request);
      if (other !== undefined) return other;
      if (authorization !== undefined && given !== authorization) {
        return new Response("who are you? SECRET-BODY", {
          status: 401,
          headers: { "www-authenticate": "Basic" },
        });
      }
      return await answered(backend, root, request);
    },
  );
  return Object.assign(made, {
    url: `https://localhost:${server.addr.port}/template.git`,
    ca: authority.certPem,
    seen,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  });
}

async function execPath(): Promise<string> {
  const { stdout } = await new Deno.Command("git", { args: ["--exec-path"] }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** As CGI has it. */
async function answered(backend: string, root: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const body = new Uint8Array(await request.arrayBuffer());
  const process = new Deno.Command(backend, {
    env: {
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: request.headers.get("content-type") ?? "",
      CONTENT_LENGTH: String(body.length),
      GIT_PROTOCOL: request.headers.get("git-protocol") ?? "",
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(body).catch(() => {});
  await writer.close().catch(() => {});
  const { stdout } = await process.output();
  const text = new TextDecoder("latin1").decode(stdout.subarray(0, 4_096));
  const end = text.indexOf("\r\n\r\n");
  const headers = new Headers();
  let status = 200;
  for (const line of text.slice(0, end).split("\r\n")) {
    const [name = "", value = ""] = line.split(/:\s*/, 2);
    if (name.toLowerCase() === "status") status = parseInt(value);
    else headers.set(name, value);
  }
  return new Response(stdout.subarray(end + 4), { status, headers });
}
