import assert from "node:assert/strict";
import { createSourceReader } from "../../src/sources/mod.ts";
import { isRefused, secretOf, signal } from "./asking.ts";
import { startGitServer } from "./git_server.ts";
import { newRepository } from "./repository.ts";

Deno.test("a branch, a tag and a commit are read from a repository over HTTPS", async () => {
  await using repository = await newRepository();
  const first = await repository.commit({
    "main.tf": "one",
    "docker/main.tf": "docker",
    "docker/run.sh": "#!/bin/sh",
    "docker/logo.png": new Uint8Array([0x89, 0xff, 0]),
  }, "First\n\nbody");
  await repository.git("update-index", "--chmod=+x", "docker/run.sh");
  await repository.git("commit", "-q", "-m", "Program");
  await repository.git("tag", "-a", "v1", "-m", "annotated");
  await repository.push("main", "v1");
  const tagged = await repository.git("rev-parse", "v1^{commit}");
  const second = await repository.commit({ "docker/main.tf": "changed", "main.tf": null }, "Second");
  await using server = await startGitServer({
    root: repository.root,
    authorization: "Basic YWxpY2U6aHVudGVyMg==",
  });
  const reader = createSourceReader();
  const secret = secretOf({ username: "alice\n", password: "hunter2", "ca.crt": server.ca });
  const git = { url: server.url };
  const request = (more: object, path?: string) => ({
    source: { git: { ...git, ...more }, ...(path === undefined ? {} : { path }) },
    secret,
    signal: signal(),
  });
  assert.equal(await reader.look(request({})), second);
  assert.equal(await reader.look(request({ branch: "main" })), second);
  assert.equal(await reader.look(request({ tag: "v1" })), tagged);
  assert.equal(await reader.look(request({ commit: first })), first);
  // Only what is asked for is listed.
  assert.equal(server.seen.filter((line) => line.startsWith("POST")).length, 3);
  const text = (content: Uint8Array) => new TextDecoder().decode(content);
  const { revision, entries, subject } = await reader.fetch(request({ tag: "v1" }, "docker"));
  assert.deepEqual([revision, subject], [tagged, "Program"]);
  assert.deepEqual(entries.map(({ path, mode, content }) => [path, mode, text(content)]), [
    ["logo.png", 0o644, text(new Uint8Array([0x89, 0xff, 0]))],
    ["main.tf", 0o644, "docker"],
    ["run.sh", 0o755, "#!/bin/sh"],
  ]);
  const whole = await reader.fetch(request({}));
  assert.deepEqual([whole.revision, whole.entries.map(({ path }) => path)], [
    second,
    ["docker/", "docker/logo.png", "docker/main.tf", "docker/run.sh"],
  ]);
  // A commit that no branch is at, which this server gives away with the history alone.
  const old = await reader.fetch(request({ commit: first }, "/docker/".slice(1)));
  assert.deepEqual([old.revision, old.subject, text(old.entries[1]!.content)], [first, "First", "docker"]);
});

Deno.test("what is not there, not allowed or not trusted is told in words, without secrets", async () => {
  await using repository = await newRepository();
  await repository.commit({ "main.tf": "one", "big/a": new Uint8Array(100_000) });
  await using server = await startGitServer({ root: repository.root, authorization: "Bearer hunter2" });
  const good = { bearerToken: "hunter2", "ca.crt": server.ca };
  const look = (git: object, data: Record<string, string> = good) =>
    createSourceReader().look({
      source: { git: { url: server.url, ...git } },
      secret: secretOf(data),
      signal: signal(),
    });
  await assert.rejects(
    look({}, { "ca.crt": server.ca }),
    isRefused("AuthenticationFailed", /wants credentials/),
  );
  await assert.rejects(
    look({}, { username: "alice", password: "hunter2-wrong", "ca.crt": server.ca }),
    isRefused("AuthenticationFailed", /does not accept/),
  );
  await assert.rejects(look({}, { bearerToken: "hunter2" }), isRefused("UntrustedServer", /ca\.crt/));
  await assert.rejects(look({}, { ...good, "ca.crt": "nothing" }), isRefused("InvalidSource", /ca\.crt/));
  await assert.rejects(look({ branch: "none" }), isRefused("NotFound", /no branch none/));
  await assert.rejects(look({ tag: "none" }), isRefused("NotFound", /no tag none/));
  await assert.rejects(
    look({ url: server.url.replace("template", "other") }),
    isRefused("NotFound", /no such repository/),
  );
  await assert.rejects(
    look({ url: "http://localhost/x" }),
    isRefused("InvalidSource", /neither https nor ssh/),
  );
  await assert.rejects(look({ url: "https://a:hunter2@localhost/x" }), isRefused("InvalidSource", /Secret/));
  await assert.rejects(
    look({ url: "https://localhost:1/x.git" }),
    isRefused("Unreachable", /localhost:1 cannot be asked/),
  );
  await assert.rejects(look({ branch: "a..b" }), isRefused("InvalidSource", /cannot be a branch/));
  const fetch = (source: object, limits = {}) =>
    createSourceReader(limits).fetch({
      source: { git: { url: server.url }, ...source },
      secret: secretOf(good),
      signal: signal(),
    });
  await assert.rejects(fetch({ path: "none" }), isRefused("NotFound", /no folder none/));
  await assert.rejects(fetch({ path: "main.tf" }), isRefused("NotFound", /no folder/));
  await assert.rejects(fetch({ path: "../.." }), isRefused("InvalidSource", /path/));
  await assert.rejects(
    fetch({ git: { url: server.url, commit: "0".repeat(40) } }),
    isRefused("NotFound", /is not in the repository|does not have/),
  );
  await assert.rejects(fetch({}, { transferBytes: 300 }), isRefused("TooLarge", /300 bytes/));
  await assert.rejects(fetch({}, { totalBytes: 20_000 }), isRefused("TooLarge", /bytes/));
  await assert.rejects(fetch({}, { totalBytes: 50_000 }), isRefused("TooLarge", /50000 bytes/));
  await assert.rejects(fetch({}, { entries: 1 }), isRefused("TooLarge", /files/));
});

Deno.test("submodules, pointers of LFS and empty repositories are refused, links are kept", async () => {
  await using repository = await newRepository();
  await using server = await startGitServer({ root: repository.root });
  const fetch = (path?: string) =>
    createSourceReader().fetch({
      source: { git: { url: server.url }, ...(path === undefined ? {} : { path }) },
      secret: secretOf({ "ca.crt": server.ca }),
      signal: signal(),
    });
  await assert.rejects(fetch(), isRefused("NotFound", /empty|no default branch|does not have/));
  const commit = await repository.commit({
    "good/main.tf": "x",
    "lfs/model.bin": `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 12\n`,
  });
  await repository.git("update-index", "--add", "--cacheinfo", `160000,${commit},sub/module`);
  await repository.git("commit", "-q", "-m", "Submodule");
  await repository.push("main");
  await assert.rejects(fetch("lfs"), isRefused("InvalidContent", /model\.bin is a pointer of Git LFS/));
  await assert.rejects(fetch("sub"), isRefused("InvalidContent", /module is a submodule/));
  const blob = await repository.git("rev-parse", "HEAD:good/main.tf");
  await repository.git("update-index", "--add", "--cacheinfo", `120000,${blob},good/link`);
  await repository.git("commit", "-q", "-m", "Link");
  await repository.push("main");
  const { entries } = await fetch("good");
  assert.deepEqual(entries.map(({ path, kind, target }) => [path, kind, target]), [
    ["link", "symlink", "x"],
    ["main.tf", "file", undefined],
  ]);
});

Deno.test("redirects are followed for reading, and take no credentials elsewhere", async () => {
  await using repository = await newRepository();
  const commit = await repository.commit({ "main.tf": "one" });
  await using target = await startGitServer({ root: repository.root });
  await using server = await startGitServer({ root: repository.root });
  const { origin } = new URL(target.url);
  server.override = (request) => {
    const { pathname, search } = new URL(request.url);
    return new Response(null, { status: 302, headers: { location: `${origin}${pathname}${search}` } });
  };
  const request = {
    source: { git: { url: server.url } },
    secret: secretOf({ username: "alice", password: "hunter2", "ca.crt": `${server.ca}\n${target.ca}` }),
    signal: signal(),
  };
  assert.equal(await createSourceReader().look(request), commit);
  assert.equal((await createSourceReader().fetch(request)).revision, commit);
  assert.ok(server.seen.every((line) => line.startsWith("GET ") && line.includes("Basic")));
  assert.ok(target.seen.length >= 4 && target.seen.every((line) => !line.includes("Basic")));
  server.override = () => new Response(null, { status: 302, headers: { location: "http://localhost:1/" } });
  await assert.rejects(createSourceReader().look(request), isRefused("InvalidSource", /no https address/));
  server.override = (one) => new Response(null, { status: 302, headers: { location: one.url } });
  await assert.rejects(createSourceReader().look(request), isRefused("Unreachable", /again and again/));
});

Deno.test("a server that never ends is given up, and so is what nobody wants any more", async () => {
  await using repository = await newRepository();
  await using server = await startGitServer({ root: repository.root });
  const endless = new AbortController();
  server.override = () =>
    new Response(
      new ReadableStream({ start: (one) => endless.signal.addEventListener("abort", () => one.close()) }),
    );
  const request = (signal: AbortSignal) => ({
    source: { git: { url: server.url } },
    secret: secretOf({ "ca.crt": server.ca }),
    signal,
  });
  await assert.rejects(
    createSourceReader({ timeoutMs: 200 }).look(request(signal())),
    isRefused("Unreachable", /did not answer within 0\.2 s/),
  );
  const stop = new AbortController();
  const looking = createSourceReader().look(request(stop.signal));
  const reason = new Error("stopped");
  stop.abort(reason);
  await assert.rejects(looking, reason);
  endless.abort();
});
