import assert from "node:assert/strict";
import { parseArguments } from "../arguments.ts";
import { flagSpecs } from "./load.ts";
import { readWorker } from "./worker.ts";
import { WORKER } from "./worker_options.ts";

const ID = "11111111-2222-4333-8444-555555555555";
const TOKEN = "abcdefghij-0123456789abcdefghijkl";
const HERE = {
  HOME: "/home/coder",
  CODER_WORKSPACE_ID: ID,
  CODER_WORKSPACE_OWNER_SESSION_TOKEN: TOKEN,
};
const COORDINATOR = "--coordinator=https://c.example.com";

async function read(
  args: readonly string[],
  environment: Record<string, string> = { HOME: "/home/coder" },
  isRoot = false,
) {
  const { flags, mistakes, words } = parseArguments([COORDINATOR, ...args], flagSpecs(WORKER));
  assert.deepEqual([mistakes, words], [[], []]);
  const found = await readWorker({
    flags,
    environment,
    readTextFile: () => Promise.reject(new Error("no file")),
    machine: { hostname: "not a worker's id", isRoot },
  });
  const said = found.mistakes.map(({ where, what }) => `${where}: ${what}`);
  assert.ok(!said.join("\n").includes(TOKEN), "tokens are not shown");
  return { ...found, said };
}

Deno.test("a worker finds out that it is in a workspace, and needs nothing more", async () => {
  for (const isRoot of [false, true]) {
    const { config, said } = await read([], HERE, isRoot);
    assert.deepEqual(said, []);
    assert.deepEqual(config?.workspace, {
      foundBy: "CODER_WORKSPACE_ID",
      exchange: { workspaceId: ID, coderToken: TOKEN, coderTokenFile: undefined },
    });
    assert.equal(config?.workerId, `ws-${ID}`);
    assert.equal(config?.healthBindAddress, null);
    assert.equal(config?.metricsBindAddress, null);
    for (const directory of [config!.workspacesDir, config!.cacheDir]) {
      assert.match(directory, /^\/home\/coder\//, "nothing is written outside of the home directory");
    }
  }
});

Deno.test("flags say the same, and a port that is asked for is had", async () => {
  const { config, said } = await read([
    "--in-workspace",
    `--workspace-id=${ID.toUpperCase()}`,
    "--coder-token-file=/t",
    "--health-bind-address=127.0.0.1:0",
  ]);
  assert.deepEqual(said, []);
  assert.deepEqual(config?.workspace, {
    foundBy: "--in-workspace",
    exchange: { workspaceId: ID, coderToken: undefined, coderTokenFile: "/t" },
  });
  assert.deepEqual(config?.healthBindAddress, { hostname: "127.0.0.1", port: 0 });
});

Deno.test("a file that is named is meant, whatever else is in the environment", async () => {
  for (
    const [args, environment] of [
      [["--coder-token-file=/t"], HERE],
      [[], { ...HERE, CODER_K8S_WORKER_CODER_TOKEN_FILE: "/t" }],
    ] as const
  ) {
    const { config, said } = await read(args, environment);
    assert.deepEqual(said, []);
    assert.deepEqual(config?.workspace?.exchange, {
      workspaceId: ID,
      coderToken: undefined,
      coderTokenFile: "/t",
    });
  }
});

Deno.test("a token that was made for the workspace needs no exchange", async () => {
  const { config, said } = await read(["--in-workspace", "--token-file=/bound"]);
  assert.deepEqual(said, []);
  assert.deepEqual([config?.workspace, config?.workerId, config?.tokenFile], [
    { foundBy: "--in-workspace" },
    "",
    "/bound",
  ]);
});

Deno.test("a worker with a token of its own is one of sandboxes, wherever it runs", async () => {
  const { config, said } = await read(["--token-file=/t", "--id=w1"], HERE);
  assert.deepEqual(said, []);
  assert.deepEqual([config?.workspace, config?.workerId], [undefined, "w1"]);
  const off = await read(["--in-workspace=false", "--token-file=/t", "--id=w1"], HERE);
  assert.equal(off.config?.workspace, undefined);
  const half = await read(["--token-file=/t", "--id=w1"], { HOME: "/h", CODER_WORKSPACE_ID: ID });
  assert.equal(half.config?.workspace, undefined);
  assert.match(
    (await read(["--id=w1"], { HOME: "/h", CODER_WORKSPACE_ID: ID })).said[0] ?? "",
    /--token-file/,
  );
});

Deno.test("what is missing, or does nothing in a workspace, is said", async () => {
  const nothing = (await read(["--in-workspace"])).said;
  assert.equal(nothing.length, 2);
  assert.match(nothing[0] ?? "", /^--workspace-id: is needed .*data\.coder_workspace\.me\.id/);
  assert.match(nothing[1] ?? "", /^--coder-token-file: is needed .*session_token.*--token-file/);
  assert.deepEqual(
    (await read(["--id=w1", "--shared-workspaces=nfs"], HERE)).said.map((one) => one.slice(0, 30)),
    [
      "--id: does nothing in a worksp",
      "--shared-workspaces: does noth",
    ],
  );
  const both = ["--coder-token-file=/t", `--coder-token=${TOKEN}`];
  assert.match((await read(both, HERE)).said[0] ?? "", /choose one/);
  assert.match((await read(["--workspace-id=dev"], HERE)).said[0] ?? "", /^--workspace-id: must be an id/);
  const { notes } = await read([`--coder-token=${TOKEN}`, `--workspace-id=${ID}`]);
  assert.match(notes.warnings.join("\n"), /--coder-token puts a secret/);
  assert.match((await read([], { ...HERE, HOME: "" })).said.join("\n"), /--workspaces-dir/);
});
