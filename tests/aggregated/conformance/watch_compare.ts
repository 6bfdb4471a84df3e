/** All watches at once: on all sides they see the same happen. */
import type { IncomingMessage } from "node:http";
import type { Reply } from "./caller.ts";
import { type Case, Objections, OURS } from "./compare.ts";
import { type Seen, seenOf } from "./normal_form.ts";
import { fill, type Side, SIDES, type Twin, type Twins } from "./twins.ts";

interface Frame {
  readonly type: string;
}

/** Watches at a time: each has a connection of its own, on three sides. */
const BATCH = 25;
const FIRST_SECONDS = 8;
const LAST_SECONDS = 64;

/**
 * Opens them, lets something happen once all have begun, and compares what was told when all are over.
 *
 * @param happen begins and ends with the same objects
 */
export async function watchObjections(
  cases: readonly Case[],
  twins: Twins,
  happen: () => Promise<void>,
): Promise<string> {
  const objections = new Objections();
  for (let start = 0; start < cases.length; start += BATCH) {
    for (const [item, sides] of await watchAll(cases.slice(start, start + BATCH), twins, happen)) {
      for (const side of OURS) objections.compare(item, side, sides.get("crd")!, sides.get(side)!);
    }
  }
  return objections.toString();
}

async function watchAll(
  cases: readonly Case[],
  twins: Twins,
  happen: () => Promise<void>,
  seconds = FIRST_SECONDS,
): Promise<Map<Case, Map<Side, Seen>>> {
  await twins.mark("now");
  const begun = performance.now();
  const open = await Promise.all(cases.flatMap((item) =>
    SIDES.map(async (side) => {
      const twin = twins.twins[side];
      return { item, side, twin, answer: await begin(item, twin, seconds) };
    })
  ));
  const told = open.map(async ({ item, side, twin, answer }) => ({
    item,
    side,
    seen: merged(seenOf(await wholeOf(answer), twin)),
  }));
  await happen();
  const lasted = (performance.now() - begun) / 1_000;
  const seen = new Map<Case, Map<Side, Seen>>();
  for (const { item, side, seen: what } of await Promise.all(told)) {
    seen.set(item, (seen.get(item) ?? new Map()).set(side, what));
  }
  // What happened last has had as long again to arrive.
  if (lasted < seconds / 2) return seen;
  if (seconds >= LAST_SECONDS) throw new Error(`watches of ${seconds} s were over before all had happened`);
  // The machine is busy: the first were over when all had happened.
  return await watchAll(cases, twins, happen, seconds * 2);
}

function begin({ ask, like, headers }: Case, twin: Twin, seconds: number): Promise<IncomingMessage> {
  const [method = "", target = ""] = ask.split(" ");
  const lasts = target.includes("timeoutSeconds=")
    ? ""
    : `${target.includes("?") ? "&" : "?"}timeoutSeconds=${seconds}`;
  const path = twin.side === "crd" && like !== undefined ? like.split(" ")[1]! : target;
  return twin.caller.open({
    method,
    ownConnection: true,
    path: fill(path, twin) + lasts,
    ...(headers === undefined ? {} : { headers }),
  });
}

async function wholeOf(answer: IncomingMessage): Promise<Reply> {
  let text = "";
  answer.setEncoding("utf8");
  for await (const piece of answer) text += piece;
  return { code: answer.statusCode ?? 0, headers: answer.headers, text };
}

/** How often and when bookmarks come is the server's choice, but for the one that ends the state: that they come is not. */
function merged(seen: Seen): Seen {
  if (!Array.isArray(seen.body)) return seen;
  const frames = seen.body as Frame[];
  const others = frames.filter((frame) => !isPlainBookmark(frame));
  return { ...seen, body: others.length === frames.length ? frames : [...others, "BOOKMARKS"] };
}

function isPlainBookmark(frame: Frame): boolean {
  return frame.type === "BOOKMARK" && !JSON.stringify(frame).includes('"k8s.io/initial-events-end"');
}
