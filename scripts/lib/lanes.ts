/** Work that is done side by side. */

/**
 * Lanes take work from one queue until it is empty or `signal` is aborted. What is in hand then is waited for: `run`
 * has to look at the signal itself. The first error ends the others likewise, and is thrown when they have ended.
 *
 * @param lanes who works, at least one
 * @returns what `run` gave for what was begun, in the order of its end
 */
export async function runLanes<Lane, Work, Result>(
  lanes: readonly Lane[],
  queue: readonly Work[],
  run: (work: Work, lane: Lane, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> {
  const failed = new AbortController();
  const ended = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])]);
  const waiting = [...queue];
  const results: Result[] = [];
  const works = async (lane: Lane) => {
    for (let work = waiting.shift(); work !== undefined && !ended.aborted; work = waiting.shift()) {
      try {
        results.push(await run(work, lane, ended));
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(lanes.map(works));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return results;
}

/**
 * How many lanes there are.
 *
 * @param given the value of `CODER_K8S_TEST_LANES`, if it is set
 * @param cores of this machine
 * @throws {RangeError} when `given` is no number of lanes
 */
export function laneCount(given: string | undefined, cores: number): number {
  if (given === undefined || given === "") return cores >= 2 ? 2 : 1;
  const count = Number(given);
  if (Number.isInteger(count) && count >= 1 && count <= 16) return count;
  throw new RangeError(`CODER_K8S_TEST_LANES is ${JSON.stringify(given)}: give a whole number from 1 to 16`);
}
