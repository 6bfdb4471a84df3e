import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { openPackageMirror, type PackageMirrorOptions } from "./mirror.ts";
import { startRelay } from "./testing/relay.ts";
import { exchange, keeping, readAll, startRawSite, startSite, temporaryDirectory } from "./testing/rig.ts";

const JSON_PAGE = "application/vnd.pypi.simple.v1+json";
const text = new TextEncoder();
const never = new AbortController().signal;

/** A mirror, a registry of both kinds that answers what it is told, and a session that asks. */
async function world(options: Partial<PackageMirrorOptions> & { readonly token?: string } = {}) {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const site = stack.use(startSite());
  const kept = keeping();
  const clock = new FakeClock();
  const authorization = options.token === undefined ? undefined : `Bearer ${options.token}`;
  const open = () =>
    openPackageMirror({
      socket: `${directory.path}/s`,
      directory: `${directory.path}/cache`,
      maxBytes: 10_000_000,
      registries: {
        pypi: { url: `${site.url}/simple`, authorization },
        npm: { url: site.url, authorization },
        scoped: new Map(),
        caTexts: [],
      },
      log: kept.log,
      metrics: kept.metrics,
      clock,
      // What a machine that stands still for a while makes of a download is another test's.
      holdMs: 60_000,
      ...options,
    }, never);
  let mirror = await open();
  stack.defer(() => mirror.close());
  const relay = stack.use(startRelay(mirror.socket, "sess-one"));
  const at = `http://127.0.0.1:${relay.port}`;
  return {
    ...kept,
    site,
    clock,
    at,
    relay,
    directory,
    mirror: () => mirror,
    restart: async () => {
      await mirror.close();
      mirror = await open();
    },
    asked: (path: string) => site.requests.filter((one) => one.path === path).length,
    get: (path: string, headers: Record<string, string> = {}) =>
      fetch(at + path, { headers, redirect: "manual" }),
    /** A project `a` with one file of these bytes. */
    project(bytes: string | Uint8Array, more: { readonly hash?: string | null; readonly url?: string } = {}) {
      const body = typeof bytes === "string" ? text.encode(bytes) : bytes;
      const hex = more.hash === undefined ? createHash("sha256").update(body).digest("hex") : more.hash;
      const hashes = hex === null ? {} : { sha256: hex };
      const file = { filename: "a-1.zip", url: more.url ?? "/files/a-1.zip", hashes };
      site.answers.set(
        "/simple/a/",
        () => Response.json({ name: "a", files: [file] }, { headers: { "content-type": JSON_PAGE } }),
      );
      site.answers.set("/files/a-1.zip", () => new Response(body as Uint8Array<ArrayBuffer>));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test("an index page is served in the form that is asked for", async () => {
  await using one = await world();
  one.project("zip");
  const json = await one.get("/pypi/simple/A/", { accept: `${JSON_PAGE}, text/html;q=0.1` });
  assert.equal(json.headers.get("content-type"), JSON_PAGE);
  assert.equal((await json.json()).files[0].url, "../../files/a/a-1.zip");
  const html = await one.get("/pypi/simple/a/");
  assert.match(html.headers.get("content-type")!, /^text\/html/);
  assert.match(await html.text(), /href="..\/..\/files\/a\/a-1\.zip#sha256=/);
  const moved = await one.get("/pypi/simple/a");
  assert.equal(moved.status, 301);
  assert.equal(moved.headers.get("location"), "a/");
  await moved.body?.cancel();
  assert.equal(one.asked("/simple/a/"), 1);
});

Deno.test("a file is fetched once, for whoever asks and however often, and again by nobody after a restart", async () => {
  await using one = await world();
  one.project("x".repeat(300_000));
  const all = await Promise.all(
    Array.from({ length: 50 }, async () => await (await one.get("/pypi/files/a/a-1.zip")).text()),
  );
  assert.ok(all.every((body) => body === "x".repeat(300_000)));
  assert.equal(one.asked("/files/a-1.zip"), 1);
  const counts = one.mirror().counts("sess-one");
  assert.equal(counts.files, 50);
  assert.deepEqual(one.mirror().counts("sess-other"), { files: 0, cached: 0 });
  assert.equal(await (await one.get("/pypi/files/a/a-1.zip")).text(), "x".repeat(300_000));
  assert.equal(one.mirror().counts("sess-one").cached, counts.cached + 1);
  await one.restart();
  assert.equal(await (await one.get("/pypi/files/a/a-1.zip")).text(), "x".repeat(300_000));
  assert.equal(one.asked("/files/a-1.zip"), 1);
});

Deno.test("a file that is not what the index says is not served as if it were, and not kept", async () => {
  await using one = await world();
  one.project("evil", { hash: "0".repeat(64) });
  for (let count = 1; count <= 2; count++) {
    const answer = await one.get("/pypi/files/a/a-1.zip");
    assert.equal(answer.status, 502);
    assert.match((await answer.json()).error, /\/files\/a-1\.zip is not what its index says: sha256 /);
    assert.equal(one.asked("/files/a-1.zip"), count);
  }
  const names = [...Deno.readDirSync(`${one.directory.path}/cache`)].map(({ name }) => name);
  assert.ok(!names.some((name) => name.startsWith("sha256-")), names.join());
  assert.equal([...Deno.readDirSync(`${one.directory.path}/cache/drafts`)].length, 0);
});

Deno.test("a wrong file that is passed on as it comes breaks off before its end", async () => {
  await using one = await world({ holdMs: 0 });
  const rest = Promise.withResolvers<void>();
  one.project("", { hash: "0".repeat(64) });
  one.site.answers.set("/files/a-1.zip", () =>
    new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(text.encode("first"));
          await rest.promise;
          controller.enqueue(text.encode("last!"));
          controller.close();
        },
      }),
    ));
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: one.relay.port });
  await connection.write(text.encode("GET /pypi/files/a/a-1.zip HTTP/1.1\r\nHost: a\r\n\r\n"));
  const buffer = new Uint8Array(4_096);
  let said = "";
  while (!said.includes("firs")) {
    said += new TextDecoder().decode(buffer.subarray(0, (await connection.read(buffer))!));
  }
  rest.resolve();
  said += await readAll(connection);
  assert.match(said, /^HTTP\/1\.1 200 OK\r\n/);
  assert.ok(said.endsWith("firstlast"), said);
  assert.equal(one.mirror().counts("sess-one").files, 0);
});

Deno.test("a file without a hash is passed on, and not kept", async () => {
  await using one = await world();
  one.project("plain", { hash: null });
  for (let count = 1; count <= 2; count++) {
    assert.equal(await (await one.get("/pypi/files/a/a-1.zip")).text(), "plain");
    assert.equal(one.asked("/files/a-1.zip"), count);
  }
  while ([...Deno.readDirSync(`${one.directory.path}/cache/drafts`)].length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

Deno.test("a download that breaks off goes on where it broke off", async () => {
  const body = "0123456789".repeat(2_000);
  await using raw = startRawSite(async (connection, heard) => {
    const buffer = new Uint8Array(4_096);
    let request = "";
    while (!request.includes("\r\n\r\n")) {
      const count = await connection.read(buffer);
      if (count === null) return;
      request += new TextDecoder().decode(buffer.subarray(0, count));
    }
    heard(text.encode(request));
    const from = Number(/range: bytes=(\d+)-/i.exec(request)?.[1] ?? 0);
    const status = from > 0 ? "206 Partial Content" : "200 OK";
    const part = body.slice(from, from + 8_000);
    await connection.write(
      text.encode(
        `HTTP/1.1 ${status}\r\nContent-Length: ${body.length - from}\r\nConnection: close\r\n\r\n${part}`,
      ),
    );
  });
  await using one = await world();
  one.project(body, { url: `http://127.0.0.1:${raw.port}/a-1.zip` });
  // The registry is that server, too.
  await using other = await world({
    registries: {
      pypi: { url: `${one.site.url}/simple` },
      npm: { url: `http://127.0.0.1:${raw.port}` },
      scoped: new Map(),
      caTexts: [],
    },
  });
  const answer = await other.get("/pypi/files/a/a-1.zip");
  assert.equal(await answer.text(), body);
  assert.equal(raw.heard.length, 3);
  assert.match(raw.heard[1]!, /range: bytes=\d{2,}-/i);
});

Deno.test("redirects are followed, but to nothing internal, and not without end", async () => {
  await using one = await world();
  await using inside = startSite();
  inside.answers.set("/secret", () => new Response("secret"));
  one.project("zip");
  one.site.answers.set("/moved", () => new Response("zip"));
  const to = (location: string) =>
    one.site.answers.set("/files/a-1.zip", () => new Response(null, { status: 302, headers: { location } }));
  for (
    const location of [
      `${inside.url}/secret`,
      "http://169.254.169.254/latest",
      "http://[::1]:1/",
      "http://localhost:1/",
    ]
  ) {
    to(location);
    const answer = await one.get("/pypi/files/a/a-1.zip");
    assert.equal(answer.status, 502);
    assert.match((await answer.json()).error, /internal address/, location);
  }
  assert.equal(inside.requests.length, 0);
  to("/files/a-1.zip");
  assert.match((await (await one.get("/pypi/files/a/a-1.zip")).json()).error, /redirects more than 5 times/);
  to("ftp://files.example/x");
  assert.match((await (await one.get("/pypi/files/a/a-1.zip")).json()).error, /redirects to ftp:/);
  to("/moved");
  assert.equal(await (await one.get("/pypi/files/a/a-1.zip")).text(), "zip");
});

Deno.test("credentials go to the registry, and to nobody else", async () => {
  const token = "very-secret-token";
  await using one = await world({ token });
  one.project("zip", { hash: "0".repeat(64) });
  const page = await one.get("/pypi/simple/a/", {
    accept: JSON_PAGE,
    authorization: "Bearer of-the-session",
  });
  const seen = await page.text() + JSON.stringify([...page.headers]) +
    await (await one.get("/pypi/files/a/a-1.zip")).text();
  one.site.answers.set("/simple/b/", () => new Response("", { status: 401 }));
  const refused = await (await one.get("/pypi/simple/b/")).text();
  assert.match(refused, /answered 401; the worker's credentials for this registry may be missing or wrong/);
  assert.ok(one.site.requests.every(({ headers }) => headers.get("authorization") === `Bearer ${token}`));
  assert.ok(!(seen + refused + JSON.stringify(one.lines)).includes(token));
});

Deno.test("what an index said is asked again after minutes, by its ETag, and used where the registry is away", async () => {
  await using one = await world();
  const state = { status: 200 };
  one.site.answers.set("/simple/a/", (request) => {
    const headers = { "content-type": JSON_PAGE, etag: '"1"' };
    if (state.status !== 200) return new Response("", { status: state.status });
    if (request.headers.get("if-none-match") === '"1"') return new Response(null, { status: 304, headers });
    return Response.json({ name: "a", files: [] }, { headers });
  });
  const ask = async () => (await one.get("/pypi/simple/a/", { accept: JSON_PAGE })).json();
  assert.equal((await ask()).name, "a");
  await ask();
  assert.equal(one.asked("/simple/a/"), 1);
  await one.clock.advance(6 * 60_000);
  await ask();
  assert.equal(one.asked("/simple/a/"), 2);
  assert.equal(one.site.requests.at(-1)!.headers.get("if-none-match"), '"1"');
  state.status = 503;
  await one.restart();
  assert.equal((await ask()).name, "a");
  assert.ok(one.lines.some(({ message }) => message.includes("what it said before is used")));
  await one.clock.advance(6 * 60_000);
  state.status = 404;
  assert.equal((await one.get("/pypi/simple/a/")).status, 404);
});

Deno.test("npm gets packuments with tarballs here, and says what is wrong", async () => {
  await using one = await world();
  const body = text.encode("tarball");
  const integrity = `sha512-${createHash("sha512").update(body).digest("base64")}`;
  const packument = {
    name: "@acme/tool",
    "dist-tags": { latest: "1.0.0" },
    versions: { "1.0.0": { version: "1.0.0", dist: { tarball: `${one.site.url}/t.tgz`, integrity } } },
  };
  one.site.answers.set("/@acme%2ftool", () => Response.json(packument));
  one.site.answers.set("/t.tgz", () => new Response(body));
  for (const path of ["/npm/@acme%2ftool", "/npm/@acme/tool"]) {
    const served = await (await one.get(path, { accept: "application/vnd.npm.install-v1+json" })).json();
    const { tarball } = served.versions["1.0.0"].dist;
    assert.equal(tarball, `${one.at}/npm/@acme/tool/-/tool-1.0.0.tgz`);
    assert.equal(await (await fetch(tarball)).text(), "tarball");
  }
  assert.equal(one.asked("/t.tgz"), 1);
  assert.equal((await (await one.get("/npm/@acme/tool/latest")).json()).version, "1.0.0");
  assert.deepEqual(await (await one.get("/npm/-/ping")).json(), {});
  const missing = await one.get("/npm/nothing-here");
  assert.equal(missing.status, 404);
  assert.match((await missing.json()).error, /nothing-here: there is no such thing/);
  assert.equal((await one.get("/npm/@acme/tool/9.9.9")).status, 404);
});

Deno.test("sessions can ask for nothing but what an index has", async () => {
  await using one = await world();
  one.project("zip");
  const paths = [
    "/",
    "/pypi/simple/",
    "/pypi/files/a/b-1.zip",
    "/pypi/files/a/",
    "/pypi/files/a/__proto__",
    "/pypi/files/a/..%2f..%2fdrafts",
    "/pypi/simple/..%2fx/",
    "/pypi/simple/%2e%2e/",
    "/pypi/simple/a%00/",
    "/pypi/simple/a/b",
    "/npm/",
    "/npm/-/v1/search?text=x",
    "/npm/-/user/org.couchdb.user:x",
    "/npm/..%2f..%2fetc",
    "/npm/%",
    "/files/a-1.zip",
    "http://169.254.169.254/latest",
  ];
  for (const path of paths) {
    const said = await exchange(
      one.relay.port,
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    assert.match(said, /^HTTP\/1\.1 404 /, path);
  }
  const put = await exchange(one.relay.port, "PUT /npm/a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
  assert.match(put, /^HTTP\/1\.1 405 /);
  const remove = await exchange(
    one.relay.port,
    "DELETE /npm/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  );
  assert.match(remove, /^HTTP\/1\.1 405 /);
  const head = await exchange(one.relay.port, "HEAD /pypi/files/a/a-1.zip HTTP/1.0\r\n\r\n");
  assert.ok(head.includes("content-length: 3") && head.endsWith("\r\n\r\n"), head);
});

Deno.test("the cache is never larger than it may be, what was used last stays", async () => {
  await using one = await world({ maxBytes: 250_000 });
  const names = ["a", "b", "c"];
  for (const name of names) {
    const body = name.repeat(100_000);
    const hashes = { sha256: createHash("sha256").update(body).digest("hex") };
    one.site.answers.set(
      `/simple/${name}/`,
      () => Response.json({ name, files: [{ filename: "x.zip", url: `/${name}`, hashes }] }),
    );
    one.site.answers.set(`/${name}`, () => new Response(body));
  }
  const get = async (name: string) => (await (await one.get(`/pypi/files/${name}/x.zip`)).text()).length;
  for (const name of ["a", "b", "a", "c", "a"]) assert.equal(await get(name), 100_000);
  assert.deepEqual(names.map((name) => one.asked(`/${name}`)), [1, 1, 1]);
  await get("b");
  assert.equal(one.asked("/b"), 2);
  let sum = 0;
  for (const { name, isFile } of Deno.readDirSync(`${one.directory.path}/cache`)) {
    if (isFile) sum += Deno.statSync(`${one.directory.path}/cache/${name}`).size;
  }
  assert.ok(sum <= 250_000, String(sum));
  one.project("z".repeat(300_000));
  const full = await one.get("/pypi/files/a/a-1.zip");
  assert.ok([502, 507, 404].includes(full.status));
  await full.body?.cancel();
});

Deno.test("several requests go over one connection, and one that hides in another is an answer of its own", async () => {
  await using one = await world();
  one.project("zip");
  const ask = "GET /pypi/files/a/a-1.zip HTTP/1.1\r\nHost: x\r\n\r\n";
  const said = await exchange(one.relay.port, ask + ask + ask.replace("Host: x", "Connection: close"));
  assert.equal(said.split("HTTP/1.1 200 OK").length, 4);
  const bad = await exchange(
    one.relay.port,
    `GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc${ask}`,
  );
  assert.equal(bad.split("HTTP/1.1 ").length, 2, bad);
});

Deno.test("pages that a session asks for and does not read take only so much, and are there again once it has gone", async () => {
  await using one = await world();
  const readme = "x".repeat(20_000_000);
  one.site.answers.set("/large", () => Response.json({ name: "large", readme, versions: {} }));
  one.project("zip");
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: one.relay.port });
  await connection.write(text.encode("GET /npm/large HTTP/1.1\r\nhost: localhost\r\n\r\n"));
  assert.ok((await connection.read(new Uint8Array(12)))! > 0);
  const refused = await one.get("/npm/large");
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.match(await refused.text(), /not been read yet: try again/);
  connection.close();
  for (;;) {
    const again = await one.get("/npm/large");
    const { length } = await again.text();
    if (again.status === 503) continue;
    assert.equal(again.status, 200);
    assert.ok(length > readme.length);
    break;
  }
});
