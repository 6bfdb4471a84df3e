/** Free loopback ports. */

/** Below Linux' ephemeral range, so that an outgoing connection does not take the port of a part that restarts. */
const FIRST = 20_000;
const LAST = 32_000;

/** Ports that were free a moment ago; whoever binds them must be ready to find one taken and ask again. */
export function freePorts(count: number, free: (port: number) => boolean = isFree): number[] {
  const ports = new Set<number>();
  for (let attempt = 0; ports.size < count; attempt++) {
    if (attempt > 10_000) {
      throw new Error(`found no ${count} free ports between ${FIRST} and ${LAST} on 127.0.0.1`);
    }
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (free(port)) ports.add(port);
  }
  return [...ports];
}

/** Whether nothing listens there now. */
export function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
