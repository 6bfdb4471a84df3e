/** Settings of AI clients in docs/how-to/mcp-clients.md are well-formed, and an official client connects by what they say. */
import assert from "node:assert/strict";
import { read } from "../../scripts/lib/files.ts";
import { sharedCluster } from "../cluster/mod.ts";
import { CLIENT_1, LATEST } from "../mcp/clients.ts";
import { startEndpoint } from "../mcp/endpoint_rig.ts";
import { denoCache } from "../mcp/programs.ts";

const PAGE = "docs/how-to/mcp-clients.md";
const ADDRESS = "http://localhost:8090/mcp";
const CLIENTS = [
  "Claude Desktop",
  "Claude Code",
  "Cursor",
  "VS Code",
  "Codex",
  "Zed",
  "Windsurf",
];
/** How files of settings say the token, without having it. */
const TOKEN = /^Bearer (\$\{CODER_MCP_TOKEN\}|\$\{env:CODER_MCP_TOKEN\}|\$\{input:coder-token\}|YOUR-TOKEN)$/;

/** One server of one client's settings. */
type Entry = Record<string, unknown> & { readonly client: string };

/** The sections of the page that have settings, with these. */
async function settings(): Promise<
  Map<string, Record<string, Record<string, unknown>>>
> {
  const found = new Map<string, Record<string, Record<string, unknown>>>();
  for (const section of read(PAGE).split(/^## /m).slice(1)) {
    const title = section.slice(0, section.indexOf("\n"));
    const [, language, text = ""] = /^```(json|toml)\n([\s\S]*?)^```$/m.exec(section) ?? [];
    if (language === undefined || !CLIENTS.includes(title)) continue;
    const parsed = language === "json" ? JSON.parse(text) : await toml(text);
    const servers = parsed.mcpServers ?? parsed.servers ??
      parsed.context_servers ?? parsed.mcp_servers;
    assert.ok(servers !== undefined, `${title} has no servers`);
    found.set(title, servers);
  }
  return found;
}

/** Python has a parser of its own. */
async function toml(
  text: string,
): Promise<Record<string, Record<string, Record<string, unknown>>>> {
  const script = "import json, sys, tomllib; print(json.dumps(tomllib.loads(sys.argv[1])))";
  const { success, stdout, stderr } = await new Deno.Command("python3", {
    args: ["-c", script, text],
  })
    .output();
  if (!success) {
    throw new Error(
      `the TOML is not understood: ${new TextDecoder().decode(stderr)}`,
    );
  }
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function entries(): Promise<Entry[]> {
  return [...await settings()].flatMap(([client, servers]) =>
    Object.values(servers).map((server) => ({ client, ...server }))
  );
}

Deno.test("every client has settings, and each says one way to the server", async () => {
  assert.deepEqual([...(await settings()).keys()], CLIENTS);
  for (
    const {
      client,
      command,
      args,
      url,
      serverUrl,
      headers,
      bearer_token_env_var,
    } of await entries()
  ) {
    if (command !== undefined) {
      assert.deepEqual([command, args, url], [
        "coder-k8s",
        ["mcp-stdio"],
        undefined,
      ], client);
      continue;
    }
    assert.equal(url ?? serverUrl, ADDRESS, client);
    assert.equal(
      serverUrl !== undefined,
      client === "Windsurf",
      `${client} calls it otherwise`,
    );
    if (client === "Codex") {
      assert.equal(bearer_token_env_var, "CODER_MCP_TOKEN");
    } else {assert.match(
        (headers as Record<string, string>)["Authorization"] ?? "",
        TOKEN,
        client,
      );}
  }
});

Deno.test("an official client connects with what they say of HTTP", async () => {
  await using rig = await startEndpoint({ tokens: { a: "ann" } });
  const http = (await entries()).filter(({ command }) => command === undefined);
  assert.equal(http.length, 6);
  for (const { client: name, url, serverUrl } of http) {
    const address = String(url ?? serverUrl).replace(ADDRESS, rig.url);
    await using client = await CLIENT_1.connect({ url: address, token: "a" });
    assert.ok((await client.tools()).some((tool) => tool.name === "add"), name);
  }
});

Deno.test("an official client starts the program with what they say of stdio", async () => {
  const cluster = await sharedCluster();
  const ways = new Set(
    (await entries()).filter(({ command }) => command !== undefined).map((
      { args },
    ) => JSON.stringify(args)),
  );
  assert.equal(ways.size, 1, "one is tried for all");
  const main = new URL("../../main.ts", import.meta.url).pathname;
  for (const args of ways) {
    await using client = await LATEST.connect({
      command: Deno.execPath(),
      args: ["run", "-A", "--no-check", main, ...JSON.parse(args)],
      env: { ...denoCache(), KUBECONFIG: cluster.kubeconfig },
    });
    assert.ok(
      (await client.tools()).some((tool) => tool.name === "list_workspaces"),
    );
  }
});
