import assert from "node:assert/strict";
import { LOOK_FLAGS } from "./look_flags.ts";
import { lookConfig } from "./one_look.ts";

const load = (flags: Record<string, string>, environment: Record<string, string> = {}, file?: string) =>
  lookConfig({
    flags: new Map(Object.entries(flags).map(([flag, value]) => [flag, [value]])),
    environment,
    readTextFile: () =>
      file === undefined ? Promise.reject(new Error("no such file")) : Promise.resolve(file),
  });

Deno.test("flags, environment and config file say where the cluster and Coder are, as for a mode", async () => {
  const { config, mistakes } = await load(
    { kubeconfig: "/k", config: "settings.yaml" },
    { CODER_K8S_CONTEXT: "lab", CODER_SESSION_TOKEN: "abcdefghij-abcdefghijklmnopqrstuv" },
    "coderUrl: https://coder.example.com\n",
  );
  assert.deepEqual(mistakes, []);
  const { kubeconfig, context, coderUrl, coderSessionToken } = config!;
  assert.deepEqual([kubeconfig, context, coderUrl, coderSessionToken], [
    "/k",
    "lab",
    "https://coder.example.com",
    "abcdefghij-abcdefghijklmnopqrstuv",
  ]);
});

Deno.test("flags of the command itself, and the mode of servers beside it, mean nothing here", async () => {
  const { config, mistakes } = await load(
    { namespace: "not,one", output: "yaml" },
    { CODER_K8S_APP: "mcp-http", CODER_K8S_MCP_AUTH: "oidc" },
  );
  assert.deepEqual([config?.app, config?.namespace, mistakes], ["mcp-stdio", [], []]);
});

Deno.test("what is wrong is told with its place, and there is no configuration", async () => {
  const { config, mistakes } = await load({ "coder-url": "nowhere" }, {
    CODER_K8S_CODER_ACCESS: "by-mail",
  });
  assert.equal(config, undefined);
  assert.deepEqual(mistakes.map(({ where }) => where), ["CODER_K8S_CODER_ACCESS", "--coder-url"]);
  const missing = await load({ config: "none.yaml" });
  assert.match(missing.mistakes[0]!.what, /cannot read the config file/);
});

Deno.test("every flag says what it is for, and none of them is for servers", () => {
  for (const { flag, help, value } of LOOK_FLAGS) {
    assert.ok(help.endsWith(".") || help.endsWith(")."), flag);
    assert.notEqual(value, "", flag);
    assert.doesNotMatch(flag, /bind|leader|^mcp-/);
  }
});
