import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { type ArchiveEntry, bytesOf, newFile, writeTar, writeZip } from "../../src/archive/mod.ts";
import { createSourceReader } from "../../src/sources/mod.ts";
import { isRefused, secretOf, signal } from "./asking.ts";
import { digestOf, type PushedLayer, startRegistry } from "./registry.ts";
import { startTokenService } from "./registry_tokens.ts";

const GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
const FLUX = "application/vnd.cncf.flux.content.v1.tar+gzip";

const tar = async (entries: readonly ArchiveEntry[]) => new Uint8Array(await bytesOf(writeTar(entries)));
const layer = async (entries: readonly ArchiveEntry[], mediaType = GZIP): Promise<PushedLayer> => ({
  mediaType,
  content: mediaType.endsWith("gzip") ? new Uint8Array(gzipSync(await tar(entries))) : await tar(entries),
});
const shown = (entries: readonly ArchiveEntry[]) =>
  entries.filter(({ kind }) => kind === "file").map(({ path, mode, content }) =>
    `${path} ${mode.toString(8)} ${new TextDecoder().decode(content)}`
  );

Deno.test("artifacts of all usual forms are read, by tag and by digest", async () => {
  await using registry = await startRegistry();
  const files = [newFile("main.tf", "one"), newFile("sub/run.sh", "#!/bin/sh", 0o755)];
  const expected = ["main.tf 644 one", "sub/run.sh 755 #!/bin/sh"];
  const reader = createSourceReader();
  const ask = (oci: object, path?: string) => ({
    source: {
      oci: { url: `oci://${registry.host}/team/template`, ...oci },
      ...(path === undefined ? {} : { path }),
    },
    secret: secretOf({ "ca.crt": registry.ca }),
    signal: signal(),
  });
  const forms: [string, PushedLayer][] = [
    ["gzip", await layer(files)],
    ["flux", await layer(files, FLUX)],
    ["tar", await layer(files, "application/vnd.oci.image.layer.v1.tar")],
    ["docker", await layer(files, "application/vnd.docker.image.rootfs.diff.tar.gzip")],
    ["zip", { mediaType: "application/zip", content: new Uint8Array(await writeZip(files)) }],
  ];
  for (const [tag, one] of forms) {
    const digest = await registry.push("team/template", tag, [one]);
    assert.equal(await reader.look(ask({ tag })), digest);
    assert.equal(await reader.look(ask({ digest })), digest);
    const { revision, entries } = await reader.fetch(ask({ digest }));
    assert.deepEqual([revision, shown(entries)], [digest, expected], tag);
  }
  const lower = await layer([
    newFile("t/main.tf", "old"),
    newFile("t/gone.tf", "x"),
    newFile("o/a", "a"),
    newFile("z", "z"),
  ]);
  const upper = await layer([
    newFile("./t/main.tf", "new"),
    newFile("t/.wh.gone.tf", ""),
    newFile("o/.wh..wh..opq", ""),
    newFile("o/b", "b"),
    { ...newFile("t/same.tf", ""), kind: "hardlink", target: "t/main.tf" },
  ]);
  await registry.push("team/template", "latest", [lower, upper]);
  assert.deepEqual(shown((await reader.fetch(ask({}))).entries), [
    "z 644 z",
    "t/main.tf 644 new",
    "o/b 644 b",
    "t/same.tf 644 new",
  ]);
  assert.deepEqual(shown((await reader.fetch(ask({}, "./t/"))).entries), [
    "main.tf 644 new",
    "same.tf 644 new",
  ]);
});

Deno.test("what is no artifact of files, too large, or not what it says, is refused", async () => {
  await using registry = await startRegistry();
  const url = `oci://${registry.host}/template`;
  const reader = (limits = {}) => createSourceReader(limits);
  const ask = (oci: object, path?: string) => ({
    source: { oci: { url, ...oci }, ...(path === undefined ? {} : { path }) },
    secret: secretOf({ "ca.crt": registry.ca }),
    signal: signal(),
  });
  const digest = await registry.push("template", "good", [
    await layer([newFile("a/main.tf", "x".repeat(5_000))]),
  ]);
  const { fetch, look } = reader();
  await assert.rejects(look(ask({ tag: "none" })), isRefused("NotFound", /manifests\/none/));
  await assert.rejects(look({ ...ask({}), secret: undefined }), isRefused("UntrustedServer", /ca\.crt/));
  await assert.rejects(look(ask({ tag: "a b" })), isRefused("InvalidSource", /tag/));
  await assert.rejects(
    fetch(ask({ digest: `sha256:${"0".repeat(64)}` })),
    isRefused("NotFound", /there is no/),
  );
  await assert.rejects(look(ask({ digest: "sha256:1" })), isRefused("InvalidSource", /digest/));
  await assert.rejects(look(ask({ url: "https://x/y" })), isRefused("InvalidSource", /oci:\/\/host\/name/));
  await assert.rejects(fetch(ask({ tag: "good" }, "b")), isRefused("NotFound", /no folder b/));
  await assert.rejects(
    reader({ transferBytes: 50 }).fetch(ask({ tag: "good" })),
    isRefused("TooLarge", /50 are/),
  );
  await assert.rejects(
    reader({ totalBytes: 1_000, entries: 1 }).fetch(ask({ tag: "good" })),
    isRefused("TooLarge", /unpacks to more/),
  );
  await registry.pushManifest("template", "index", "application/vnd.oci.image.index.v1+json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 1 }],
  });
  await assert.rejects(fetch(ask({ tag: "index" })), isRefused("InvalidContent", /index of several/));
  const odd = async (mediaType: string, content: Uint8Array<ArrayBuffer>) => {
    await registry.push("template", "odd", [{ mediaType, content }]);
    return await fetch(ask({ tag: "odd" }));
  };
  const zeros = new Uint8Array(2_000);
  await assert.rejects(odd("application/json", zeros), isRefused("InvalidContent", /application\/json/));
  await assert.rejects(odd(GZIP, zeros), isRefused("InvalidContent", /no gzip/));
  await assert.rejects(odd("application/zip", zeros.fill(1)), isRefused("InvalidContent", /./));
  await registry.push("template", "none", []);
  await assert.rejects(fetch(ask({ tag: "none" })), isRefused("InvalidContent", /no layers/));
});

Deno.test("tokens are asked for as the registry says, with the Secret's credentials, which go nowhere else", async () => {
  const authorization = `Basic ${btoa("alice:hunter2")}`;
  await using service = await startTokenService(authorization);
  const options = {
    auth: (dir: string) => service.auth(dir),
    authorization: `Bearer ${await service.token("a/b")}`,
  };
  await using registry = await startRegistry(options);
  const digest = await registry.push("a/b", "latest", [await layer([newFile("main.tf", "x")])]);
  const ca = `${registry.ca}\n${service.ca}`;
  const fetch = (data: Record<string, string>) =>
    createSourceReader().fetch({
      source: { oci: { url: `oci://${registry.host}/a/b` } },
      secret: secretOf({ "ca.crt": ca, ...data }),
      signal: signal(),
    });
  const docker = (host: string) => JSON.stringify({ auths: { [host]: { auth: btoa("alice:hunter2") } } });
  for (
    const data of [
      { username: "alice", password: "hunter2" },
      { ".dockerconfigjson": docker(registry.host) },
      { ".dockerconfigjson": docker(`https://${registry.host}/v2/`) },
    ]
  ) {
    assert.equal((await fetch(data)).revision, digest);
  }
  assert.deepEqual(new Set(service.seen), new Set([`the registry a/b pull ${authorization}`]));
  await assert.rejects(fetch({}), isRefused("AuthenticationFailed", /gives nobody without/));
  await assert.rejects(
    fetch({ username: "alice", password: "hunter2-wrong" }),
    isRefused("AuthenticationFailed", /does not accept/),
  );
  await assert.rejects(
    fetch({ ".dockerconfigjson": docker("elsewhere.example.com") }),
    isRefused("AuthenticationFailed", /gives nobody without/),
  );
});

Deno.test("a registry that lies about a layer is found out, and blobs elsewhere are read without credentials", async () => {
  const good = await layer([newFile("main.tf", "x")], "application/vnd.oci.image.layer.v1.tar");
  const digest = digestOf(good.content);
  const manifest = JSON.stringify({
    layers: [{ mediaType: good.mediaType, digest, size: good.content.length }],
  });
  const seen: string[] = [];
  let body = good.content;
  const tell = (name: string, request: Request) =>
    seen.push(`${name} ${request.headers.get("authorization")}`);
  await using elsewhere = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    tell("elsewhere", request);
    return new Response(body);
  });
  await using registry = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    tell("registry", request);
    if (request.headers.get("authorization") === null) {
      return new Response(null, { status: 401, headers: { "www-authenticate": 'Basic realm="x, y"' } });
    }
    if (request.method === "HEAD") return new Response(null);
    if (new URL(request.url).pathname.includes("manifests")) return new Response(manifest);
    const location = `http://127.0.0.1:${elsewhere.addr.port}/signed`;
    return new Response(null, { status: 307, headers: { location } });
  });
  const ask = (insecure: boolean) => ({
    source: { oci: { url: `oci://127.0.0.1:${registry.addr.port}/x`, insecure } },
    secret: secretOf({ username: "alice", password: "hunter2" }),
    signal: signal(),
  });
  const reader = createSourceReader();
  // Without the header that tells the digest, the manifest itself does.
  assert.equal(await reader.look(ask(true)), digestOf(new TextEncoder().encode(manifest)));
  assert.equal((await reader.fetch(ask(true))).entries.length, 1);
  assert.ok(seen.includes("elsewhere null") && !seen.some((line) => line.startsWith("elsewhere Basic")));
  assert.ok(seen.some((line) => line.startsWith("registry Basic")));
  body = new Uint8Array(body).fill(1, 0, 1);
  await assert.rejects(reader.fetch(ask(true)), isRefused("InvalidContent", /not what its digest says/));
  body = new Uint8Array(body.length + 1);
  await assert.rejects(reader.fetch(ask(true)), isRefused("TooLarge", /sends more than/));
  await assert.rejects(reader.look(ask(false)), isRefused("Unreachable", /cannot be asked/));
});
