/** The shared store in a bundle, as the product is shipped, with no more permissions than it has. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bundle } from "../../scripts/lib/executable.ts";
import { startRedis } from "./server.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const ENTRY = `import { createRequire } from "node:module";
Object.defineProperty(globalThis, "require", { value: createRequire(import.meta.url) });
const [settings] = Deno.args.map((text) => JSON.parse(text));
const { openSessionStore } = await import("${ROOT}src/app/sandbox/session_store.ts");
const { silentLogger } = await import("${ROOT}src/telemetry/logger.ts");
const { noMetrics } = await import("${ROOT}src/telemetry/metrics.ts");
const { record } = await import("${ROOT}src/sessions/store/suite.ts");
const { signal } = new AbortController();
const context = { log: silentLogger, metrics: noMetrics, redactor: { add: () => () => {} }, callMs: 60_000, signal };
const stores = await openSessionStore(settings, context);
const made = await stores.store.create(record(), 1, signal);
const kept = await stores.store.list({ owner: made.owner }, signal);
await stores.close();
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(kept.map(({ id, version }) => [id, version]))));
Deno.exit(0);
`;

Deno.test("in a bundle, the store is reached by TLS", async () => {
  await using redis = await startRedis({ tls: true, password: "hunter2" });
  const caFile = join(redis.dir, "authority.pem");
  await Deno.writeTextFile(caFile, redis.authority?.certPem ?? "");
  const passwordFile = join(redis.dir, "password");
  await Deno.writeTextFile(passwordFile, "hunter2");
  await Deno.mkdir(join(ROOT, "dist"), { recursive: true });
  const dir = await Deno.makeTempDir({ dir: join(ROOT, "dist") });
  try {
    const entry = join(dir, "entry.ts");
    await Deno.writeTextFile(entry, ENTRY);
    const out = join(dir, "out");
    await bundle(entry, out);
    const main = await Deno.readTextFile(join(out, "entry.js"));
    assert.ok(!main.includes("SentinelConnector"), "the client is loaded where it is needed");
    const settings = {
      sessionStore: redis.url,
      sessionStoreCaFile: caFile,
      sessionStorePasswordFile: passwordFile,
      sessionStorePrefix: "test:",
      checkpointBytes: 1_000,
    };
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--allow-net", "--allow-env", "--allow-read", "--deny-sys", "--deny-run"],
        ...["--deny-write", "--deny-ffi", "--no-config", "--no-npm", "--no-remote"],
        join(out, "entry.js"),
        JSON.stringify(settings),
      ],
      stdin: "null",
    });
    const { stdout, stderr } = await child.output();
    assert.match(
      new TextDecoder().decode(stdout),
      /^\[\["sess-[0-9]{16}",1\]\]$/,
      new TextDecoder().decode(stderr),
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
