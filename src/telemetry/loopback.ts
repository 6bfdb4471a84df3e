/** Addresses that nobody else's machine can reach. */

/** Whether a server that listens there is reached from this machine alone. Other names than `localhost` are not looked up. */
export function isLoopback(hostname: string): boolean {
  const plain = hostname.toLowerCase().replace(/^\[(.*)\]$/, "$1").replace(/^::ffff:/, "");
  return plain === "localhost" || plain === "::1" ||
    /^127(\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}$/.test(plain);
}
