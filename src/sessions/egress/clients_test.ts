/** pip, npm and curl in real sessions, with registries of our own making: no test depends on the ones outside. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Sandbox } from "../sandbox/types.ts";
import { openTestHost, PATIENCE_MS } from "../sandbox/testing.ts";
import { egressEnvironment, MIRROR_PORT, PROXY_PORT } from "./environment.ts";
import { openPackageMirror } from "./mirror.ts";
import { openEgressProxy } from "./proxy.ts";
import { keeping, type Site, startSite, temporaryDirectory } from "./testing/rig.ts";

/** Two sessions of a real host, whose way out is a proxy and a mirror of a registry with a package of each kind. */
async function world() {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const site = stack.use(startSite());
  await servePackages(site.answers, site.url);
  site.answers.set("/open", () => new Response("reached\n"));
  const kept = keeping();
  const proxy = await openEgressProxy({
    socket: `${directory.path}/p`,
    allow: ["site.example:*", "127.0.0.1:*", "inner.example:*"],
    ownAddresses: () => [],
    resolve: (host) => Promise.resolve([host === "inner.example" ? "169.254.169.254" : "127.0.0.1"]),
    log: kept.log,
  });
  stack.defer(() => proxy.close());
  const mirror = await openPackageMirror({
    socket: `${directory.path}/m`,
    directory: `${directory.path}/cache`,
    maxBytes: 100_000_000,
    holdMs: PATIENCE_MS,
    registries: {
      pypi: { url: `${site.url}/simple` },
      npm: { url: site.url },
      scoped: new Map(),
      caTexts: [],
    },
    log: kept.log,
  }, AbortSignal.timeout(PATIENCE_MS));
  stack.defer(() => mirror.close());
  const host = stack.use(
    await openTestHost({
      network: "proxy",
      forwards: [{ port: PROXY_PORT, socket: proxy.socket }, { port: MIRROR_PORT, socket: mirror.socket }],
      environment: egressEnvironment({ proxyPort: PROXY_PORT, mirrorPort: MIRROR_PORT }),
    }),
  );
  return {
    site,
    mirror,
    host,
    cache: `${directory.path}/cache`,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function run(
  sandbox: Sandbox,
  line: string,
): Promise<{ readonly code: number | undefined; readonly said: string }> {
  let said = "";
  const decoder = new TextDecoder();
  const onOutput = (_: string, bytes: Uint8Array) => void (said += decoder.decode(bytes, { stream: true }));
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const process = await sandbox.spawn({ argv: ["sh", "-c", line], cwd: ".", env: {}, onOutput }, signal);
  process.closeInput();
  return { code: (await process.exited).exitCode, said };
}

Deno.test("pip and npm install in sessions, the second one from the cache", async () => {
  await using one = await world();
  for (const [index, name] of ["sess-first", "sess-second"].entries()) {
    const sandbox = await one.host.open(name);
    const pip = await run(
      sandbox,
      "pip install --target lib tiny && PYTHONPATH=lib python3 -c 'import tiny; print(tiny.SAYS)'",
    );
    assert.equal(pip.code, 0, pip.said);
    assert.match(pip.said, /hello from tiny/);
    const npm = await run(sandbox, "npm install --no-save tiny-js && node -p 'require(\"tiny-js\")'");
    assert.equal(npm.code, 0, npm.said);
    assert.match(npm.said, /hello from tiny-js/);
    assert.deepEqual(one.mirror.counts(name), { files: 2, cached: 2 * index });
  }
  const fetched = one.site.requests.filter(({ path }) => path.startsWith("/files/"));
  assert.deepEqual(fetched.map(({ path }) => path).toSorted(), [
    "/files/tiny-1.0-py3-none-any.whl",
    "/files/tiny-js-1.0.0.tgz",
  ]);
});

Deno.test("what cannot be installed is said in words that pip and npm show", async () => {
  await using one = await world();
  one.site.answers.set("/files/tiny-1.0-py3-none-any.whl", () => new Response("something else"));
  one.site.answers.set("/files/tiny-js-1.0.0.tgz", () => new Response("something else"));
  const sandbox = await one.host.open();
  const pip = await run(sandbox, "pip install --retries 0 --target lib tiny");
  assert.notEqual(pip.code, 0);
  assert.match(pip.said, /is not what its index says/);
  const npm = await run(sandbox, "npm install --fetch-retries 0 --no-save tiny-js");
  assert.notEqual(npm.code, 0);
  assert.match(npm.said, /is not what its index says/);
});

Deno.test("the proxy is the only way out of a session, and says why something is refused", async () => {
  await using one = await world();
  const sandbox = await one.host.open();
  const port = new URL(one.site.url).port;
  const get = (url: string) =>
    `import urllib.request as u\ntry: print(u.urlopen('${url}', timeout=60).read().decode())\nexcept Exception as e: print(repr(e), getattr(e, 'reason', ''))`;
  const python = async (url: string) => (await run(sandbox, `python3 -c "${get(url)}"`)).said;
  assert.match(await python(`http://site.example:${port}/open`), /reached/);
  assert.match(
    await python(`http://evil.example:${port}/open`),
    /evil\.example:\d+ is not in the egress list of this worker/,
  );
  assert.match(
    await python("https://evil.example/"),
    /evil\.example:443 is not in the egress list of this worker/,
  );
  assert.match(await python("http://inner.example:80/"), /inner\.example has an internal address/);
  const direct = await run(
    sandbox,
    `python3 -c "import socket; s = socket.socket(); s.settimeout(20); print(s.connect_ex(('127.0.0.1', ${port})))"`,
  );
  assert.notEqual(direct.said.trim(), "0");
  const cache = await run(sandbox, `ls ${one.cache} || echo unseen`);
  assert.match(cache.said, /unseen/);
});

async function servePackages(answers: Site["answers"], url: string): Promise<void> {
  await using directory = await temporaryDirectory();
  const script = `
import tarfile, zipfile, json, io
with zipfile.ZipFile('w.whl', 'w') as z:
    z.writestr('tiny.py', 'SAYS = "hello from tiny"')
    i = 'tiny-1.0.dist-info/'
    z.writestr(i + 'METADATA', 'Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n')
    z.writestr(i + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr(i + 'RECORD', 'tiny.py,,\\n' + i + 'METADATA,,\\n' + i + 'WHEEL,,\\n' + i + 'RECORD,,\\n')
with tarfile.open('t.tgz', 'w:gz') as t:
    for name, text in (('package.json', json.dumps({'name': 'tiny-js', 'version': '1.0.0'})), ('index.js', 'module.exports = "hello from tiny-js"')):
        info = tarfile.TarInfo('package/' + name); info.size = len(text); t.addfile(info, io.BytesIO(text.encode()))
`;
  const made = await new Deno.Command("python3", { args: ["-c", script], cwd: directory.path }).output();
  assert.ok(made.success, new TextDecoder().decode(made.stderr));
  const wheel = await Deno.readFile(`${directory.path}/w.whl`);
  const tarball = await Deno.readFile(`${directory.path}/t.tgz`);
  const sha256 = createHash("sha256").update(wheel).digest("hex");
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  const file = {
    filename: "tiny-1.0-py3-none-any.whl",
    url: `${url}/files/tiny-1.0-py3-none-any.whl`,
    hashes: { sha256 },
  };
  const headers = { "content-type": "application/vnd.pypi.simple.v1+json" };
  const dist = { tarball: `${url}/files/tiny-js-1.0.0.tgz`, integrity };
  const versions = { "1.0.0": { name: "tiny-js", version: "1.0.0", dist } };
  answers.set("/simple/tiny/", () => Response.json({ name: "tiny", files: [file] }, { headers }));
  answers.set("/files/tiny-1.0-py3-none-any.whl", () => new Response(wheel));
  answers.set(
    "/tiny-js",
    () => Response.json({ name: "tiny-js", "dist-tags": { latest: "1.0.0" }, versions }),
  );
  answers.set("/files/tiny-js-1.0.0.tgz", () => new Response(tarball));
}
