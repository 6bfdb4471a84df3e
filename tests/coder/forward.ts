/** A way to a loopback port from an address that the API server may proxy to. */
import net from "node:net";

/** A forwarder; ends with `await using`. */
export interface Forwarder extends AsyncDisposable {
  /** An address of this machine that is neither loopback nor link-local. */
  readonly host: string;
  readonly port: number;
}

/** Forwards connections to `port` on loopback. Throws where the machine has no other address. */
export async function forward(port: number): Promise<Forwarder> {
  const host = machineAddress();
  const sockets = new Set<net.Socket>();
  const server = net.createServer((incoming) => {
    const outgoing = net.connect(port, "127.0.0.1");
    for (const [socket, other] of [[incoming, outgoing], [outgoing, incoming]] as const) {
      sockets.add(socket);
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.on("error", () => socket.destroy());
    }
    incoming.pipe(outgoing);
    outgoing.pipe(incoming);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, resolve);
  });
  return {
    host,
    port: (server.address() as net.AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The API server proxies neither to loopback nor to link-local addresses. */
function machineAddress(): string {
  const found = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.") && !address.startsWith("169.254.")
  );
  if (found === undefined) throw new Error("this test needs an IPv4 address beside loopback on this machine");
  return found.address;
}
