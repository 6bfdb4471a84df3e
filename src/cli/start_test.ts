import assert from "node:assert/strict";

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly isDynamic?: boolean;
    /** Absent for types, which nothing loads. */
    readonly code?: { readonly specifier: string };
  }[];
}

/** Modules that are loaded before a command runs. */
async function loadedAtStart(root: URL): Promise<string[]> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL("main.ts", root).href],
    stderr: "null",
  }).output();
  assert.ok(success);
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: Module[] };
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set<string>();
  const open = [new URL("main.ts", root).href];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (loaded.has(next)) continue;
    loaded.add(next);
    for (const { isDynamic = false, code } of known.get(next)?.dependencies ?? []) {
      if (!isDynamic && code !== undefined) open.push(code.specifier);
    }
  }
  return [...loaded];
}

Deno.test("a command line is understood before schemas of kinds and parts of modes are loaded", async () => {
  const root = new URL("../../", import.meta.url);
  const loaded = await loadedAtStart(root);
  assert.deepEqual(
    loaded.filter((module) => module.startsWith("node:")),
    [],
    "the first of Node's modules takes longer to load than all that is answered without one",
  );
  const src = new URL("src/", root).href;
  const files = loaded.filter((module) => module.startsWith(src)).map((module) => module.slice(src.length));
  assert.ok(files.includes("cli/main.ts"));
  assert.deepEqual(
    files.filter((file) => file.startsWith("cli/sandbox/")),
    [],
    "options of sandbox sessions are loaded by those who ask for them",
  );
  const others = files.filter((file) => !file.startsWith("cli/")).sort();
  // Each costs every start of the program, `version` and `--help` too: add only what has constants and small functions.
  assert.deepEqual(others, [
    "api/patterns.ts",
    "app/config.ts",
    "app/mcp_config.ts",
    "app/store_address.ts",
    "identity/coder_user.ts",
    "mcp/tool.ts",
    "sessions/store/redis/address.ts",
    "telemetry/bind_address.ts",
    "telemetry/loopback.ts",
    "ui/terminal/text.ts",
    "ui/types.ts",
  ]);
});
