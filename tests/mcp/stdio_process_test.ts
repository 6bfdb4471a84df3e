/** A server that is its client's own process: what it says, what it survives, and how it ends. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { initialize, notification, rpc, type RpcMessage } from "./raw.ts";

function startStdio() {
  const script = new URL("./serve_stdio.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  let errors = "";
  const collect = async (stream: ReadableStream<Uint8Array>, take: (text: string) => void) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) take(text);
  };
  let rest = "";
  const reading = Promise.all([
    collect(child.stdout, (text) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
    }),
    collect(child.stderr, (text) => errors += text),
  ]);
  const writer = child.stdin.getWriter();
  const write = (text: string) => writer.write(new TextEncoder().encode(text));
  return {
    lines,
    get errors() {
      return errors;
    },
    tell: (message: unknown) => write(`${JSON.stringify(message)}\n`),
    write,
    answer: (id: string | number) =>
      waitFor(
        () => lines.map((line) => JSON.parse(line) as RpcMessage).find((message) => message.id === id),
        {
          what: `the answer to ${id}`,
          intervalMs: 5,
          timeoutMs: 60_000,
        },
      ),
    /** Ends its input. Resolves to its exit code. */
    async end(): Promise<number> {
      await writer.close();
      const { code } = await child.status;
      await reading;
      return code;
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch { /* It has ended. */ }
      await child.status;
      await reading;
    },
  };
}

Deno.test("a process ends with its input, with calls in hand, and says nothing but messages", async () => {
  await using process = startStdio();
  await process.tell(initialize());
  assert.equal((await process.answer(0)).result?.["protocolVersion"], "2025-11-25");
  await process.tell(notification("notifications/initialized"));
  await process.tell(rpc("tools/call", { name: "hang", _meta: { progressToken: "p" } }, 1));
  await waitFor(() => process.lines.some((line) => line.includes("it hangs")), {
    what: "a call in hand",
    intervalMs: 5,
  });
  const late = AbortSignal.timeout(60_000);
  assert.equal(await process.end(), 0);
  assert.ok(!late.aborted, "it waits for the call");
  for (const line of process.lines) assert.equal((JSON.parse(line) as { jsonrpc: string }).jsonrpc, "2.0");
  assert.equal(process.errors, "");
});

Deno.test("lines that are no messages do no harm, and neither do messages in pieces or large ones", async () => {
  await using process = startStdio();
  await process.write("this is no JSON\n\n{}\n[1]\n");
  await process.tell(initialize("2024-11-05"));
  await process.answer(0);
  await process.tell(notification("notifications/initialized"));
  const text = JSON.stringify(rpc("tools/call", { name: "add", arguments: { a: 1 } }, 1));
  await process.write(text.slice(0, 20));
  await process.write(`${text.slice(20)}\n`);
  const small = (await process.answer(1)).result as { content: { text: string }[] };
  assert.equal(JSON.parse(small.content[0]?.text ?? "")["sum"], 1);
  await process.tell(rpc("tools/call", { name: "say", arguments: { text: "x".repeat(1_000_000) } }, 2));
  const large = (await process.answer(2)).result as { content: { text: string }[] };
  assert.equal(JSON.parse(large.content[0]?.text ?? "")["text"].length, 1_000_000);
  assert.equal(await process.end(), 0);
});

Deno.test("a process whose client goes away in the middle ends by itself", async () => {
  await using process = startStdio();
  assert.equal(await process.end(), 0);
  assert.deepEqual(process.lines, []);
});
