/** For tests: a port of the loopback that leads to a Unix socket, as the one inside of a session does. */
import { closeQuietly } from "../door.ts";

export interface Relay extends AsyncDisposable {
  readonly port: number;
}

/** `session` is what each connection says first. */
export function startRelay(socket: string, session: string): Relay {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const running = (async () => {
    for await (const inside of listener) void carry(inside, socket, session, open);
  })().catch(() => {});
  return {
    port: listener.addr.port,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      open.forEach(closeQuietly);
      await running;
    },
  };
}

async function carry(
  inside: Deno.Conn,
  socket: string,
  session: string,
  open: Set<Deno.Conn>,
): Promise<void> {
  open.add(inside);
  try {
    const outside = await Deno.connect({ transport: "unix", path: socket });
    open.add(outside);
    try {
      await outside.write(new TextEncoder().encode(`${session}\n`));
      await Promise.allSettled([pump(inside, outside), pump(outside, inside)]);
    } finally {
      open.delete(outside);
      closeQuietly(outside);
    }
  } catch {
    // The test has ended it.
  } finally {
    open.delete(inside);
    closeQuietly(inside);
  }
}

async function pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (let count; (count = await from.read(buffer)) !== null;) {
      for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
    }
    await to.closeWrite();
  } catch (error) {
    closeQuietly(to);
    throw error;
  }
}
