/** One Coder that flags name, as those who start the program meet it. */
import assert from "node:assert/strict";
import { runProgram, source } from "../cli/program.ts";
import { waitFor } from "../cluster/mod.ts";
import { addTemplate, addWorkspace, startFakeCoder } from "../fake-coder/mod.ts";
import { API_ROOT, startAppRig } from "./app_rig.ts";
import { ask } from "./asking.ts";

const URL_FLAG = "--coder-url=https://coder.example.com";
const TOKEN = "--coder-session-token=abc-def";
const NAMESPACE = "--coder-namespace=lab";

Deno.test("flags that name half a Coder, or none that can be one, are a mistake at the start", async () => {
  const directory = await Deno.makeTempDir();
  const file = `${directory}/token`;
  await Deno.writeTextFile(file, "abc-def\n");
  const cases: [args: string[], says: RegExp][] = [
    [[URL_FLAG], /--coder-url: also needs a session token \(--coder-session-token-file\)/],
    [[URL_FLAG, NAMESPACE], /--coder-url: also needs a session token/],
    [[TOKEN], /--coder-session-token: also needs --coder-url/],
    [[TOKEN, NAMESPACE], /--coder-session-token: also needs --coder-url/],
    [[`--coder-session-token-file=${file}`], /--coder-session-token-file: also needs --coder-url/],
    [[URL_FLAG, TOKEN], /--coder-url: also needs --coder-namespace/],
    [[URL_FLAG, `--coder-session-token-file=${file}`, TOKEN, NAMESPACE], /cannot be given together/],
    [["--coder-url=coder.example.com", TOKEN, NAMESPACE], /--coder-url: must be a URL/],
    [["--coder-url=ftp://coder.example.com", TOKEN, NAMESPACE], /--coder-url: must be a URL/],
    [["--coder-url=https://user:abc-def@coder.example.com", NAMESPACE], /--coder-url: must be a URL/],
    [["--coder-request-timeout=-1s"], /--coder-request-timeout: /],
  ];
  try {
    for (const [args, says] of cases) {
      const { code, out, err } = await runProgram(source, ["aggregated-apiserver", ...args]);
      assert.equal(code, 2, `${args}: ${err}`);
      assert.match(err, says);
      assert.equal((out + err).includes("abc-def"), false);
    }
    // An address that is none is a mistake in every mode.
    for (const mode of ["all", "controller", "mcp-http"]) {
      const { code, err } = await runProgram(source, [mode, "--coder-url=coder.example.com"]);
      assert.equal(code, 2, err);
      assert.match(err, /--coder-url: must be a URL/);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("the Coder that flags name is served in its namespace, with the token that its file has", async (t) => {
  await using fake = await startFakeCoder({ basePath: "/base" });
  const { token, user } = fake.state.addOwner();
  addTemplate(fake.state, "docker");
  addWorkspace(fake.state, user, "dev");
  const directory = await Deno.makeTempDir();
  const file = `${directory}/token`;
  await Deno.writeTextFile(file, ` ${token}\n`);
  await using _file = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
  await using rig = await startAppRig({
    args: [
      `--coder-url=${fake.url}`,
      `--coder-session-token-file=${file}`,
      "--coder-namespace=lab",
      "--coder-poll-interval=1s",
    ],
  });
  const { cluster } = rig;
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "lab" } });
  const workspaces = (namespace: string) => `${API_ROOT}/namespaces/${namespace}/coderworkspaces`;
  const warned = async () => (await ask(cluster, workspaces("lab"))).warnings;

  await t.step(
    "its objects have plain names and no labels, and the path of its address is kept",
    async () => {
      const { items } = await rig.get("/coderworkspaces");
      assert.deepEqual(
        items.map(({ metadata }: { metadata: Record<string, unknown> }) => [
          metadata["namespace"],
          metadata["name"],
          metadata["labels"],
        ]),
        [["lab", "coder.admin.dev", undefined]],
      );
      assert.deepEqual(await rig.names("codertemplates", "lab"), ["coder.docker"]);
      fake.assertClean();
    },
  );

  await t.step("other namespaces are empty, not wrong", async () => {
    const { status, json, warnings } = await ask(cluster, workspaces("default"));
    assert.deepEqual([status, json.items, warnings], [200, [], []]);
    assert.match(json.metadata.resourceVersion, /^[1-9]\d*$/);
    const one = await ask(cluster, `${workspaces("default")}/coder.admin.dev`);
    assert.deepEqual([one.status, one.json.reason], [404, "NotFound"]);
  });

  await t.step("while Coder does not take the token, nothing goes, and no caller is blamed", async () => {
    fake.state.keys.clear();
    await waitFor(
      async () =>
        (await warned()).some((text) =>
          /^Coder of namespace lab does not accept the operator's token: /.test(text)
        ),
      {
        what: "a warning",
        timeoutMs: 60_000,
      },
    );
    assert.deepEqual(await rig.names("coderworkspaces", "lab"), ["coder.admin.dev"]);
    const unknown = await ask(cluster, `${workspaces("lab")}/coder.admin.other`);
    assert.deepEqual([unknown.status, unknown.json.reason], [503, "ServiceUnavailable"]);
    assert.match(unknown.json.message, /does not accept the operator's token$/);
  });

  await t.step("a token file that is replaced is read again", async () => {
    const next = fake.state.addToken(user);
    await Deno.writeTextFile(`${file}.new`, `${next}\n`);
    await Deno.rename(`${file}.new`, file);
    await waitFor(async () => (await warned()).length === 0, { what: "no warning", timeoutMs: 60_000 });
    assert.equal((await ask(cluster, `${workspaces("lab")}/coder.admin.other`)).status, 404);
    const log = rig.replica.process.lines.join("\n");
    assert.deepEqual([token, next].filter((secret) => log.includes(secret)), []);
  });
});
