/** A real registry over HTTPS on a loopback port, and pushing to it. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { createAuthority, issueCertificate } from "../cluster/pki.ts";
import { freePorts } from "../cluster/ports.ts";
import { waitFor } from "../cluster/wait.ts";
import { ensureRegistry } from "./registry_program.ts";

export interface PushedLayer {
  readonly mediaType: string;
  readonly content: Uint8Array<ArrayBuffer>;
}

export interface OciRegistry extends AsyncDisposable {
  /** `localhost:port` */
  readonly host: string;
  /** The authority's certificate, PEM. */
  readonly ca: string;
  /** Pushes an image, and tags it; its digest. */
  push(name: string, tag: string, layers: readonly PushedLayer[]): Promise<string>;
  /** Pushes a manifest as it is; its digest. */
  pushManifest(name: string, tag: string, mediaType: string, manifest: unknown): Promise<string>;
  request(method: string, path: string, init?: RequestInit): Promise<Response>;
}

/** @param auth lines of its configuration below `auth:`; then pushes have `authorization` */
export async function startRegistry(
  options: { readonly auth?: (dir: string) => Promise<string>; readonly authorization?: string } = {},
): Promise<OciRegistry> {
  const program = await ensureRegistry();
  const dir = await Deno.makeTempDir({ prefix: "coder-k8s-registry-" });
  const authority = await createAuthority("Registry");
  const { certPem, keyPem } = await issueCertificate(authority, {
    commonName: "localhost",
    dnsNames: ["localhost"],
    usage: ["server"],
  });
  await Deno.writeTextFile(join(dir, "tls.crt"), certPem);
  await Deno.writeTextFile(join(dir, "tls.key"), keyPem);
  const [port = 0] = freePorts(1);
  const auth = await options.auth?.(dir);
  await Deno.writeTextFile(
    join(dir, "config.yml"),
    `version: 0.1
log:
  level: error
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: ${dir}/data
http:
  addr: 127.0.0.1:${port}
  tls:
    certificate: ${dir}/tls.crt
    key: ${dir}/tls.key
${auth === undefined ? "" : `auth:\n${auth}`}`,
  );
  const process = new Deno.Command(program, {
    args: ["serve", join(dir, "config.yml")],
    env: { OTEL_TRACES_EXPORTER: "none" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const host = `localhost:${port}`;
  const client = Deno.createHttpClient({ caCerts: [authority.certPem] });
  const { authorization } = options;
  const request = (method: string, path: string, init: RequestInit = {}) =>
    fetch(path.startsWith("https:") ? path : `https://${host}${path}`, {
      ...init,
      method,
      client,
      headers: {
        ...init.headers as Record<string, string>,
        ...(authorization === undefined ? {} : { authorization }),
      },
    });
  await waitFor(async () => {
    const answer = await request("GET", "/v2/");
    await answer.body?.cancel();
    return answer.status < 500;
  }, { what: "the registry" });

  async function pushBlob(name: string, content: Uint8Array<ArrayBuffer>): Promise<string> {
    const begun = await request("POST", `/v2/${name}/blobs/uploads/`);
    await begun.body?.cancel();
    const location = new URL(begun.headers.get("location")!, `https://${host}`);
    const digest = digestOf(content);
    location.searchParams.set("digest", digest);
    const headers = { "content-type": "application/octet-stream" };
    const ended = await request("PUT", location.href, { body: content, headers });
    if (ended.status !== 201) throw new Error(`a blob was not taken: ${ended.status} ${await ended.text()}`);
    await ended.body?.cancel();
    return digest;
  }

  async function pushManifest(name: string, tag: string, mediaType: string, manifest: unknown) {
    const body = new TextEncoder().encode(JSON.stringify(manifest));
    const headers = { "content-type": mediaType };
    const answer = await request("PUT", `/v2/${name}/manifests/${tag}`, { body, headers });
    if (answer.status !== 201) {
      throw new Error(`a manifest was not taken: ${answer.status} ${await answer.text()}`);
    }
    await answer.body?.cancel();
    return digestOf(body);
  }

  return {
    host,
    ca: authority.certPem,
    request,
    pushManifest,
    async push(name, tag, layers) {
      const config = new TextEncoder().encode("{}");
      const descriptor = async (mediaType: string, content: Uint8Array<ArrayBuffer>) => ({
        mediaType,
        digest: await pushBlob(name, content),
        size: content.length,
      });
      const described = [];
      for (const { mediaType, content } of layers) described.push(await descriptor(mediaType, content));
      const mediaType = "application/vnd.oci.image.manifest.v1+json";
      return await pushManifest(name, tag, mediaType, {
        schemaVersion: 2,
        mediaType,
        config: await descriptor("application/vnd.oci.image.config.v1+json", config),
        layers: described,
      });
    },
    async [Symbol.asyncDispose]() {
      client.close();
      process.kill("SIGTERM");
      await process.status;
      await Deno.remove(dir, { recursive: true });
    },
  };
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
