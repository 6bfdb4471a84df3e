/** Events as lines, the oldest first. */
import { type CoreEvent, eventCount, eventTime, oneLine, readEvents } from "../../diagnosis/mod.ts";
import type { Gatherer } from "../gatherer.ts";

const MOST = 5_000;

/** `namespaces/<namespace>/events.txt` for each. */
export async function gatherEvents(
  gatherer: Gatherer,
  namespaces: readonly string[],
  since: number,
): Promise<void> {
  await Promise.all(namespaces.map(async (namespace) => {
    const read = await gatherer.tried(
      `events in ${namespace}`,
      (signal) => readEvents(gatherer.world.cluster, { namespace, most: MOST }, signal),
    );
    if (read === undefined) return;
    if (read.next !== undefined) gatherer.gap(`events in ${namespace}`, `only ${MOST} were read`);
    const lines = read.events
      .map((event) => ({ event, time: eventTime(event) }))
      .filter(({ time }) => time === 0 || time >= since)
      .sort((a, b) => a.time - b.time)
      .map(({ event, time }) => lineOf(event, time));
    if (lines.length === 0) return;
    gatherer.text(`namespaces/${namespace}/events.txt`, `${lines.length} events`, 2, lines.join("\n") + "\n");
  }));
}

function lineOf(event: CoreEvent, time: number): string {
  const { kind = "", name = "" } = event.involvedObject ?? {};
  const at = time === 0 ? "-" : new Date(time).toISOString();
  const count = eventCount(event);
  return `${at} ${event.type ?? ""} ${kind}/${name} ${event.reason ?? ""}${
    count > 1 ? ` (${count} times)` : ""
  }: ${oneLine(event.message ?? "")}`;
}
