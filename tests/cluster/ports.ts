/** Free loopback ports. */
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Below Linux' ephemeral range, so that an outgoing connection does not take the port of a part that restarts. */
const FIRST = 20_000;
const LAST = 32_000;

/** A port that was given is given to nobody else of this user for so long, and up to twice this, in milliseconds. */
const LEASE_MS = 300_000;

/**
 * Ports that are free, and that no other test process of this machine is given for some minutes: there is time to bind
 * them, and to bind them again. Who is no test of ours may still take one.
 */
export function freePorts(
  count: number,
  free: (port: number) => boolean = isFree,
  lease: (port: number) => boolean = leaseOf(),
): number[] {
  const ports = new Set<number>();
  const none = () => new Error(`found no ${count} free ports between ${FIRST} and ${LAST} on 127.0.0.1`);
  if (count > LAST - FIRST) throw none();
  for (let attempt = 0; ports.size < count; attempt++) {
    if (attempt > 100_000) throw none();
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (!ports.has(port) && free(port) && lease(port)) ports.add(port);
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

/**
 * Leases of ports as files of a directory: one for each stretch of time, in which whoever creates a port's file first has
 * it, unless somebody had it in the stretch before.
 *
 * @param now milliseconds since 1970
 */
export function leaseOf(
  directory: string = join(tmpdir(), `coder-k8s-test-ports-${Deno.uid() ?? "all"}`),
  now: number = Date.now(),
): (port: number) => boolean {
  const stretch = Math.floor(now / LEASE_MS);
  const [own, before] = [stretch, stretch - 1].map((one) => join(directory, String(one)));
  if (!isThere(own!)) forgetBefore(directory, stretch - 1);
  Deno.mkdirSync(own!, { recursive: true });
  return (port) => {
    if (isThere(join(before!, String(port)))) return false;
    try {
      Deno.openSync(join(own!, String(port)), { write: true, createNew: true }).close();
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      throw error;
    }
  };
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Removes what nobody looks at any more; others may do so at the same time. */
function forgetBefore(directory: string, stretch: number): void {
  try {
    for (const { name } of [...Deno.readDirSync(directory)]) {
      if (Number(name) < stretch) Deno.removeSync(join(directory, name), { recursive: true });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
