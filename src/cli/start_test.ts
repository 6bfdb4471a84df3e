import assert from "node:assert/strict";

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly isDynamic?: boolean;
    /** Absent for types, which nothing loads. */
    readonly code?: { readonly specifier: string };
  }[];
}

/** Files under `src/` that are loaded before a command runs. */
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
  const src = new URL("src/", root).href;
  return [...loaded].flatMap((one) => one.startsWith(src) ? [one.slice(src.length)] : []);
}

Deno.test("a command line is understood before schemas of kinds and parts of modes are loaded", async () => {
  const files = await loadedAtStart(new URL("../../", import.meta.url));
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
