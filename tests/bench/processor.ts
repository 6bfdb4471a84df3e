/** Processor time of another process: a figure that other work on the machine hardly changes. */

/** Ticks a second in /proc, on every Linux that there is. */
const TICKS = 100;

/** Seconds that a process has computed so far, all threads together, by its line in `/proc/<pid>/stat`. */
export function processorSeconds(stat: string): number {
  // The name, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // User and system time are the fields 14 and 15, of which the first two are gone.
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new Error(`/proc/<pid>/stat was not understood: ${stat}`);
  return ticks / TICKS;
}

/** The same of a process that runs now. */
export function processorSecondsOf(pid: number): number {
  return processorSeconds(Deno.readTextFileSync(`/proc/${pid}/stat`));
}
