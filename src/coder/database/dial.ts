/** A TCP connection, to the first address that takes it. */
import { Socket } from "node:net";

/** Connects within `timeoutMs`, each address getting its share. Throws the first address's failure. */
export async function dial(
  addresses: readonly string[],
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  const end = performance.now() + timeoutMs;
  let failure: unknown;
  for (const [index, address] of addresses.entries()) {
    try {
      return await connect(address, port, (end - performance.now()) / (addresses.length - index), signal);
    } catch (error) {
      signal.throwIfAborted();
      failure ??= error;
    }
  }
  throw failure;
}

function connect(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = new Socket();
  // The server may break it off while nobody listens yet: that must not go unhandled.
  socket.on("error", () => {});
  const over = (error: unknown) => {
    end();
    socket.destroy();
    reject(error);
  };
  const onAbort = () => over(signal.reason);
  const timer = setTimeout(
    () => over(Object.assign(new Error(`${host} does not answer`), { code: "ETIMEDOUT" })),
    Math.max(0, timeoutMs),
  );
  const onConnect = () => {
    end();
    resolve(socket);
  };
  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    socket.off("error", over);
    socket.off("connect", onConnect);
  };
  socket.once("error", over);
  socket.once("connect", onConnect);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  else socket.connect({ host, port });
  return promise;
}
