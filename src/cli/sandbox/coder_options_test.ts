import assert from "node:assert/strict";
import { parseArguments } from "../arguments.ts";
import { readCoordinator } from "./coordinator.ts";
import { COORDINATOR } from "./coordinator_options.ts";
import { flagSpecs } from "./load.ts";

const TOKEN = "abcdefghij-0123456789abcdefghijkl";
const CODER = "--coder-url=https://coder.example.com/";
const ME = { CODER_URL: "https://mine.example.com", CODER_SESSION_TOKEN: TOKEN };

async function read(args: readonly string[], environment: Record<string, string> = {}) {
  const { flags, mistakes, words } = parseArguments(args, flagSpecs(COORDINATOR));
  assert.deepEqual([mistakes, words], [[], []]);
  const found = await readCoordinator({
    flags,
    environment,
    readTextFile: () => Promise.reject(new Error("no file")),
    machine: { hostname: "laptop", isRoot: true },
  });
  const said = found.mistakes.map(({ where, what }) => `${where}: ${what}`);
  assert.ok(!said.join("\n").includes(TOKEN), "tokens are not shown");
  return { ...found, said };
}

const EMBEDDED = "--embedded-worker";

Deno.test("callers come by Coder where that is asked for and it is said where Coder is", async () => {
  const { config, said } = await read([
    EMBEDDED,
    "--bind-address=:8080",
    "--auth=coder",
    CODER,
    "--coder-ca-file=/ca.pem",
    "--admins=coder:ann",
  ]);
  assert.deepEqual(said, []);
  assert.deepEqual(
    [config?.auth, config?.coderUrl, config?.coderCaFile, config?.admins],
    [["coder"], "https://coder.example.com", "/ca.pem", ["coder:ann"]],
  );
  assert.deepEqual((await read([EMBEDDED, "--bind-address=:8080", "--auth=coder"])).said, [
    "--auth: coder needs --coder-url",
  ]);
  assert.deepEqual((await read([EMBEDDED, "--auth=coder", "--auth=off", CODER])).said, [
    "--auth: off cannot be combined with other ways",
  ]);
  assert.match((await read([EMBEDDED, "--auth=coder"], ME)).said[0] ?? "", /--coder-url/);
});

Deno.test("where to find Coder says nothing of how callers come in", async () => {
  const { said } = await read([EMBEDDED, "--bind-address=:8080", CODER]);
  assert.match(said[0] ?? "", /callers must say who they are: .*--auth=coder/);
  assert.deepEqual((await read([EMBEDDED, CODER])).config?.auth, ["off"]);
  const { config } = await read([EMBEDDED, CODER, "--bind-address=:8080", "--auth-token-file=/t"]);
  assert.deepEqual([config?.auth, config?.coderUrl], [["token"], "https://coder.example.com"]);
});

Deno.test("a person at the process is who their session token says, as with Coder's own programs", async () => {
  for (const args of [[EMBEDDED], [EMBEDDED, "--stdio"]]) {
    const { config, said } = await read(args, ME);
    assert.deepEqual(said, []);
    assert.deepEqual([config?.coderUrl, config?.coderSessionToken], ["https://mine.example.com", TOKEN]);
    const named = await read([...args, CODER], ME);
    assert.equal(named.config?.coderUrl, "https://coder.example.com");
  }
  const byFile = await read([EMBEDDED, "--coder-session-token-file=/f"], { CODER_URL: "http://c:3000" });
  assert.deepEqual([byFile.config?.coderUrl, byFile.config?.coderSessionTokenFile], ["http://c:3000", "/f"]);
});

Deno.test("the environment alone makes no Coder where callers prove who they are", async () => {
  const { config, said } = await read([EMBEDDED, "--bind-address=:8080", "--auth-token-file=/t"], ME);
  assert.deepEqual(said, []);
  assert.equal(config?.coderUrl, undefined);
  assert.equal((await read([EMBEDDED], { CODER_URL: "https://c" })).config?.coderUrl, undefined);
});

Deno.test("what does not belong together is said", async () => {
  const open = [EMBEDDED, "--bind-address=:8080", "--auth-token-file=/t"];
  assert.match(
    (await read([...open, "--coder-session-token-file=/f", CODER])).said[0] ?? "",
    /^--coder-session-token-file: does nothing where callers prove who they are/,
  );
  assert.match(
    (await read([EMBEDDED, "--coder-session-token-file=/f"])).said[0] ?? "",
    /also needs --coder-url/,
  );
  assert.match(
    (await read([EMBEDDED, "--coder-session-token-file=/f", CODER], ME)).said[0] ?? "",
    /cannot be given together with CODER_SESSION_TOKEN/,
  );
  assert.match(
    (await read([EMBEDDED, "--coder-ca-file=/ca"])).said[0] ?? "",
    /does nothing without --coder-url/,
  );
  assert.match(
    (await read([EMBEDDED], { ...ME, CODER_URL: "mine" })).said[0] ?? "",
    /^CODER_URL: must be a URL/,
  );
  const { notes } = await read([EMBEDDED, `--coder-session-token=${TOKEN}`, CODER]);
  assert.match(notes.warnings.join("\n"), /--coder-session-token puts a secret/);
});

Deno.test("where Coder is known sessions need no worker", async () => {
  for (const args of [["--bind-address=:8080", "--auth=coder", CODER], ["--stdio"], [CODER]]) {
    const { config, said } = await read(args, ME);
    assert.deepEqual(said, []);
    assert.deepEqual([config?.grpcBindAddress, config?.embeddedWorker], [null, undefined]);
  }
  const both = await read([CODER, "--worker-key-file=/k", "--grpc-insecure"]);
  assert.deepEqual(both.config?.grpcBindAddress, { hostname: "0.0.0.0", port: 50_050 });
  assert.match(
    (await read([CODER, "--grpc-bind-address=:1"])).said[0] ?? "",
    /^--worker-key-file: is needed/,
  );
  assert.match((await read(["--grpc-bind-address=0"])).said[0] ?? "", /--embedded-worker or --coder-url/);
});

Deno.test("who would send session tokens in plain text is told", async () => {
  const warned = async (url: string) =>
    (await read([EMBEDDED, "--auth=coder", `--coder-url=${url}`])).notes.warnings;
  assert.match(
    (await warned("http://coder.coder.svc")).join(),
    /^--coder-url: session tokens go to http:.*plain text/,
  );
  assert.deepEqual(await warned("http://127.0.0.1:3000"), []);
  assert.deepEqual(await warned("https://coder.example.com"), []);
  const { notes } = await read([EMBEDDED], { ...ME, CODER_URL: "http://coder" });
  assert.match(notes.warnings.join(), /^CODER_URL: /);
});
