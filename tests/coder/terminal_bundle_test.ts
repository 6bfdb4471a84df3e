/** A terminal opened by a bundle, as the product is shipped, with no more permissions than it has. */
import assert from "node:assert/strict";
import http from "node:http";
import type net from "node:net";
import { join } from "node:path";
import { WebSocketServer } from "ws";
import { bundle } from "../../scripts/lib/executable.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("in a bundle, a terminal is opened, and what it takes is loaded for the first one alone", async () => {
  const server = http.createServer();
  // deno-lint-ignore no-explicit-any -- `ws` has no types
  const sockets = new (WebSocketServer as any)({ server });
  // deno-lint-ignore no-explicit-any -- as above
  sockets.on("connection", (socket: any) => {
    socket.on("message", (data: Uint8Array) => {
      socket.send(data, { binary: true });
      socket.close(1000);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await Deno.mkdir(join(ROOT, "dist"), { recursive: true });
  const dir = await Deno.makeTempDir({ dir: join(ROOT, "dist") });
  try {
    const entry = join(dir, "entry.ts");
    await Deno.writeTextFile(
      entry,
      `import { createRequire } from "node:module";
import { createCoderClient, createTransport } from "${ROOT}src/coder/mod.ts";
Object.defineProperty(globalThis, "require", { value: createRequire(import.meta.url) });
const url = await new Response(Deno.stdin.readable).text();
const client = createCoderClient({ transport: createTransport({ url }), token: "t" });
const signal = AbortSignal.timeout(120_000);
const terminal = await client.terminals.open({ agentId: crypto.randomUUID(), command: "cat" }, signal);
await terminal.type("it is typed", signal);
for await (const bytes of terminal.output) await Deno.stdout.write(bytes);
Deno.exit(0);
`,
    );
    const out = join(dir, "out");
    await bundle(entry, out);
    const main = await Deno.readTextFile(join(out, "entry.js"));
    assert.ok(!main.includes("Sec-WebSocket-Accept"), "the library is a chunk of its own");
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--allow-net", "--allow-env", "--allow-read", "--deny-run", "--deny-write"],
        ...["--deny-ffi", "--no-config", "--no-npm", "--no-remote", join(out, "entry.js")],
      ],
      ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
    }).spawn();
    const writer = child.stdin.getWriter();
    const { port } = server.address() as net.AddressInfo;
    await writer.write(new TextEncoder().encode(`http://127.0.0.1:${port}`));
    await writer.close();
    const { stdout, stderr } = await child.output();
    const said = new TextDecoder().decode(stdout);
    assert.equal(said, JSON.stringify({ data: "it is typed" }), new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(dir, { recursive: true });
    server.closeAllConnections();
    server.close();
  }
});
