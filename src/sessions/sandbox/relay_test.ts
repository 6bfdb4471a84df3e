import assert from "node:assert/strict";
import { KINDS, openTestHost, PATIENCE_MS, run, until } from "./testing.ts";

/** A worker's socket: answers each connection with its first line, then with what comes, in capitals. */
async function echoServer(): Promise<
  { path: string; greetings: string[]; close(): Promise<void>; open: () => number }
> {
  const directory = await Deno.makeTempDir();
  await Deno.chmod(directory, 0o700);
  const path = `${directory}/egress.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const greetings: string[] = [];
  let open = 0;
  const serve = async (connection: Deno.Conn) => {
    open++;
    const decoder = new TextDecoder();
    let line = "";
    let isGreeted = false;
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await connection.read(buffer);
        if (count === null) break;
        let text = decoder.decode(buffer.subarray(0, count));
        if (!isGreeted) {
          line += text;
          const end = line.indexOf("\n");
          if (end < 0) continue;
          greetings.push(line.slice(0, end));
          text = line.slice(end + 1);
          isGreeted = true;
        }
        const answer = new TextEncoder().encode(text.toUpperCase());
        for (let rest = answer; rest.length > 0;) rest = rest.subarray(await connection.write(rest));
      }
    } catch {
      // The other side has gone.
    } finally {
      open--;
      connection.close();
    }
  };
  const accepting = (async () => {
    try {
      for await (const connection of listener) void serve(connection);
    } catch {
      // Closed.
    }
  })();
  return {
    path,
    greetings,
    open: () => open,
    async close() {
      listener.close();
      await accepting;
      await Deno.remove(directory, { recursive: true });
    },
  };
}

const talk = (port: number, text: string) => [
  "python3",
  "-c",
  `import socket,sys
s=socket.create_connection(("127.0.0.1",${port}), 60)
s.sendall(${JSON.stringify(text)}.encode()); s.shutdown(socket.SHUT_WR)
parts=[]
while True:
    part=s.recv(65536)
    if not part: break
    parts.append(part)
print(b"".join(parts).decode())`,
];

for (
  const kind of ["user namespaces after the mounts", "user namespaces first", "no user namespaces"] as const
) {
  Deno.test(`relays lead from a session's loopback to the worker, and say whose it is: ${kind}`, async () => {
    const [one, two] = [await echoServer(), await echoServer()];
    try {
      await using rig = await openTestHost({
        ...KINDS[kind].options,
        network: "proxy",
        forwards: [{ port: 3128, socket: one.path }, { port: 3141, socket: two.path }],
      });
      const [first, second] = [await rig.open("sess-1"), await rig.open("sess-2")];
      assert.equal((await run(first, talk(3128, "hello"))).stdout, "HELLO\n");
      assert.equal((await run(second, talk(3128, "there"))).stdout, "THERE\n");
      // What a session says first is not what is told of it.
      assert.equal((await run(second, talk(3141, "sess-1\n"))).stdout, "SESS-1\n\n");
      assert.deepEqual(one.greetings, ["sess-1", "sess-2"]);
      assert.deepEqual(two.greetings, ["sess-2"]);
      // The sockets themselves are nowhere in the session; nothing else can be reached.
      const direct = await run(first, [
        "python3",
        "-c",
        `import socket
for one in (${JSON.stringify(one.path)}, ${JSON.stringify(two.path)}):
    try: socket.socket(socket.AF_UNIX).connect(one); print("reached")
    except OSError as error: print(type(error).__name__)
for address in (("127.0.0.1", 3129), ("192.0.2.1", 80)):
    try: socket.create_connection(address, 5); print("reached")
    except OSError as error: print("no")`,
      ]);
      assert.equal(direct.stdout, "FileNotFoundError\nFileNotFoundError\nno\nno\n");
    } finally {
      await one.close();
      await two.close();
    }
  });
}

Deno.test("relays carry megabytes, many connections, and wait for who is slow", async () => {
  const server = await echoServer();
  try {
    await using rig = await openTestHost({
      network: "proxy",
      forwards: [{ port: 3128, socket: server.path }],
    });
    const sandbox = await rig.open();
    const ran = await run(sandbox, [
      "python3",
      "-c",
      `import socket,threading,time
def talk(i, size, wait):
    s=socket.create_connection(("127.0.0.1",3128), 60)
    data=bytes([97+i%26])*size
    t=threading.Thread(target=lambda:(s.sendall(data), s.shutdown(socket.SHUT_WR)))
    t.start(); time.sleep(wait)
    got=0
    while True:
        part=s.recv(65536)
        if not part: break
        assert part == bytes([65+i%26])*len(part)
        got+=len(part)
    t.join(); results[i]=got
results={}
threads=[threading.Thread(target=talk,args=(i, 8_000_000 if i<2 else 10_000, 0.3 if i==1 else 0)) for i in range(40)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sum(results.values()), len(results))`,
    ]);
    assert.equal(ran.stdout, `${2 * 8_000_000 + 38 * 10_000} 40\n`, ran.stderr);
    await until("all connections are closed", () => server.open() === 0);
  } finally {
    await server.close();
  }
});

Deno.test("a relay that was killed is there again; one whose worker is away refuses; none is left of a session", async () => {
  const server = await echoServer();
  let isClosed = false;
  try {
    await using rig = await openTestHost({
      network: "proxy",
      forwards: [{ port: 3128, socket: server.path }],
    });
    const sandbox = await rig.open();
    await run(sandbox, "true");
    const [init] = await rig.children();
    assert.equal((await run(sandbox, talk(3128, "a"))).stdout, "A\n");
    const relay = (await rig.children()).find((pid) => pid !== init);
    assert.ok(relay !== undefined);
    Deno.kill(relay, "SIGKILL");
    await until("it is gone", async () => !(await rig.children()).includes(relay));
    assert.equal((await run(sandbox, talk(3128, "b"))).stdout, "B\n");

    await server.close();
    isClosed = true;
    const away = await run(sandbox, talk(3128, "c"));
    assert.ok(away.exitCode !== 0 || away.stdout === "\n", JSON.stringify(away));

    await rig.host.remove("sess-a", AbortSignal.timeout(PATIENCE_MS));
    await until("nothing is left", async () => (await rig.children()).length === 0);
  } finally {
    if (!isClosed) await server.close();
  }
});

Deno.test("without a network, there is loopback alone", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open();
  const ran = await run(sandbox, [
    "python3",
    "-c",
    `import socket
s=socket.create_server(("127.0.0.1",0)); c=socket.create_connection(s.getsockname()); print("own")
print(sorted(name for _, name in socket.if_nameindex()))`,
  ]);
  assert.equal(ran.stdout.split("\n")[0], "own");
  assert.match(ran.stdout, /'lo'/);
});
