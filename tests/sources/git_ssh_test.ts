import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createSourceReader } from "../../src/sources/mod.ts";
import { isRefused, secretOf, signal } from "./asking.ts";
import { newRepository } from "./repository.ts";
import { startSshServer } from "./ssh_server.ts";

Deno.test("a repository is read over SSH, with keys that have a password and keys that have none", async () => {
  await using repository = await newRepository();
  const first = await repository.commit({ "main.tf": "one", "sub/a.tf": "a" });
  await repository.git("tag", "-a", "v1", "-m", "annotated");
  await repository.push("v1");
  const second = await repository.commit({ "main.tf": "two" });
  await using server = await startSshServer(repository.root);
  const { knownHosts: known_hosts, identity, lockedIdentity, password } = server;
  const reader = createSourceReader();
  for (const data of [{ identity }, { identity: lockedIdentity, password }]) {
    const secret = secretOf({ ...data, known_hosts });
    const ask = (more: object) => ({
      source: { git: { url: server.url, ...more } },
      secret,
      signal: signal(),
    });
    assert.equal(await reader.look(ask({})), second);
    assert.equal(await reader.look(ask({ tag: "v1" })), first);
    const { revision, entries } = await reader.fetch(ask({ branch: "main" }));
    assert.deepEqual([revision, entries.map(({ path }) => path)], [second, ["main.tf", "sub/", "sub/a.tf"]]);
  }
  const secret = secretOf({ identity, known_hosts });
  const git = { url: server.url, commit: first };
  const { entries } = await reader.fetch({ source: { git, path: "sub" }, secret, signal: signal() });
  assert.deepEqual(entries.map(({ path, content }) => [path, new TextDecoder().decode(content)]), [[
    "a.tf",
    "a",
  ]]);
});

Deno.test("a server is known by its key alone, whatever the form of its line", async () => {
  await using repository = await newRepository();
  await repository.commit({ "main.tf": "one" });
  await using server = await startSshServer(repository.root);
  const { identity, knownHosts, port, strangerIdentity, lockedIdentity } = server;
  const look = (data: Record<string, string>, more: object = {}, limits = {}) =>
    createSourceReader(limits).look({
      source: { git: { url: server.url, ...more } },
      secret: secretOf({ identity, known_hosts: knownHosts, ...data }),
      signal: signal(),
    });
  const [ed25519 = "", rsa = ""] = knownHosts.trim().split("\n");
  const keyOf = (line: string) => line.split(" ").slice(1).join(" ");
  const salt = crypto.getRandomValues(new Uint8Array(20));
  const hash = createHmac("sha1", salt).update(`[127.0.0.1]:${port}`).digest("base64");
  const hashed = `|1|${salt.toBase64()}|${hash} ${keyOf(ed25519)}\n`;
  for (const known_hosts of [ed25519, rsa, hashed, `# none\n\n@cert-authority * x y\n${rsa}`]) {
    assert.match(await look({ known_hosts }), /^[0-9a-f]{40}$/);
  }
  const other = keyOf(ed25519).replace(/.{8}$/, "AAAAAAAA");
  const wrong = `[127.0.0.1]:${port} ${other}`;
  await assert.rejects(
    look({ known_hosts: wrong }),
    isRefused("UntrustedServer", /host key of 127\.0\.0\.1/),
  );
  await assert.rejects(look({ known_hosts: keyOf(ed25519) }), isRefused("UntrustedServer", /has no key for/));
  await assert.rejects(
    look({ known_hosts: `127.0.0.1 ${keyOf(ed25519)}` }),
    isRefused("UntrustedServer", /has no key/),
  );
  await assert.rejects(
    look({ known_hosts: `${ed25519}\n@revoked * ${keyOf(ed25519)}` }),
    isRefused("UntrustedServer", /host key/),
  );
  await assert.rejects(look({ known_hosts: "" }), isRefused("InvalidSource", /known_hosts/));
  await assert.rejects(look({ identity: "nothing" }), isRefused("InvalidSource", /no private key/));
  await assert.rejects(
    look({ identity: strangerIdentity }),
    isRefused("AuthenticationFailed", /does not accept/),
  );
  await assert.rejects(
    look({ identity: lockedIdentity, password: "hunter2" }),
    isRefused("InvalidSource", /no private key/),
  );
  await assert.rejects(look({}, { branch: "none" }), isRefused("NotFound", /no branch none/));
  await assert.rejects(
    look({}, { url: server.url.replace("template", "it's not; there") }),
    isRefused("NotFound", /does not give the repository, and says: .*not appear to be a git repository/),
  );
  await assert.rejects(
    look({ known_hosts: `[127.0.0.1]:1 ${keyOf(ed25519)}` }, { url: "ssh://git@127.0.0.1:1/x.git" }),
    isRefused("Unreachable", /127\.0\.0\.1:1 cannot be asked/),
  );
  await assert.rejects(look({}, {}, { transferBytes: 10 }), isRefused("TooLarge", /10 bytes/));
});

Deno.test("a server that says nothing is given up, and no connection is left", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const accepted = listener.accept();
  await using repository = await newRepository();
  await using server = await startSshServer(repository.root);
  const known_hosts = server.knownHosts.replaceAll(String(server.port), String(port));
  const looking = createSourceReader({ timeoutMs: 2_000 }).look({
    source: { git: { url: `ssh://git@127.0.0.1:${port}/x.git` } },
    secret: secretOf({ identity: server.identity, known_hosts }),
    signal: signal(),
  });
  await assert.rejects(looking, isRefused("Unreachable", /./));
  using connection = await accepted;
  const buffer = new Uint8Array(1_024);
  // What it has said of itself, then the end.
  while (await connection.read(buffer).catch(() => null) !== null);
});
