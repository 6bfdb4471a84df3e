/** The wire in a bundle, as the product is shipped, with no more permissions than it has. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bundle } from "../../scripts/lib/executable.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const ENTRY = `import { createRequire } from "node:module";
import { createThrowawayAuthority } from "${ROOT}src/identity/throwaway_authority.ts";
Object.defineProperty(globalThis, "require", { value: createRequire(import.meta.url) });
const { grpcRig } = await import("${ROOT}src/sessions/wire/grpc_testing.ts");
const authority = await createThrowawayAuthority("coordinator");
const pair = await authority.issue("coordinator", "server");
const rig = await grpcRig({ tls: { current: pair, subscribe: () => () => {} } });
rig.worker({}, { tls: () => ({ caPem: authority.certPem }) });
const worker = await rig.witness.worker();
const body = new Uint8Array(1_000_000).fill(7);
const outcome = await worker.run({
  id: "a", sessionId: "s", operation: "echo", input: { message: "hello" }, body, deadlineMs: 60_000, traceparent: "",
}, { signal: new AbortController().signal });
await rig[Symbol.asyncDispose]();
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify([outcome, rig.witness.news.at(-1)])));
Deno.exit(0);
`;

Deno.test("in a bundle, a worker and its coordinator talk over TLS", async () => {
  await Deno.mkdir(join(ROOT, "dist"), { recursive: true });
  const dir = await Deno.makeTempDir({ dir: join(ROOT, "dist") });
  try {
    const entry = join(dir, "entry.ts");
    await Deno.writeTextFile(entry, ENTRY);
    const out = join(dir, "out");
    await bundle(entry, out);
    const main = await Deno.readTextFile(join(out, "entry.js"));
    assert.ok(!main.includes("coder.sessions.v1"), "gRPC is loaded where it is needed");
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--allow-net", "--allow-env", "--allow-read"],
        ...["--deny-run", "--deny-write", "--deny-ffi", "--no-config", "--no-npm", "--no-remote"],
        join(out, "entry.js"),
      ],
      stdin: "null",
    });
    const { stdout, stderr } = await child.output();
    assert.equal(
      new TextDecoder().decode(stdout),
      JSON.stringify([{ ok: true, output: { message: "hello" } }, "left w1: it was stopped"]),
      new TextDecoder().decode(stderr),
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
