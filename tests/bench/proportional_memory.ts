/** Memory of a process, in which what several processes share counts in shares. */

/** Proportional set size in bytes. @throws where the process is not there */
export async function proportionalMemory(pid: number): Promise<number> {
  return proportionalOf(await Deno.readTextFile(`/proc/${pid}/smaps_rollup`));
}

/** @param text of `smaps_rollup` */
export function proportionalOf(text: string): number {
  const [, kilobytes] = /^Pss:\s+(\d+) kB/m.exec(text) ?? [];
  if (kilobytes === undefined) throw new Error("the kernel tells no proportional set size");
  return Number(kilobytes) * 1_024;
}
