/** What somebody may see with their own rights, without a server in between. */
import type { CallerCluster } from "../../caller/types.ts";
import { diagnose, NoSubjectError } from "../../diagnosis/mod.ts";
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import { Boards } from "../boards.ts";
import { buildLog } from "../build_log.ts";
import { answerOf } from "../http/diagnosis.ts";
import { productSources } from "../sources/product.ts";
import type { Visitor } from "../sources/source.ts";
import { Watcher } from "../watcher.ts";
import type { TopSource } from "./source.ts";

export interface OwnSourceOptions {
  readonly name: string;
  readonly version: string;
  readonly visitor: Visitor;
  /** For diagnoses: causes may be in other namespaces than what is watched. */
  readonly everything: CallerCluster;
  /** Takes secrets out of what is shown. */
  readonly redaction: { text(text: string): string; value<T>(value: T): T };
  readonly close: () => void;
  readonly clock?: Clock;
}

/** How long changes wait for others, in milliseconds. */
const GATHER_MS = 50;

/** Makes it; nothing is asked before somebody watches. */
export function ownSource(
  { name, version, visitor, everything, redaction, close, clock = systemClock }: OwnSourceOptions,
): TopSource {
  const boards = new Boards({
    sourcesOf: () => Promise.resolve(productSources()),
    redact: (value) => redaction.value(value),
    clock,
  });
  return {
    name,
    async watch(tell, signal) {
      const watched = await boards.open(visitor, signal);
      const { promise: over, resolve } = Promise.withResolvers<void>();
      let cancel = () => {};
      const pump = () => {
        for (let event = watcher.next(); event !== undefined; event = watcher.next()) tell({ event });
      };
      const watcher = new Watcher({
        board: watched.board,
        hello: {
          kind: "hello",
          user: visitor.caller.user.name,
          version,
          sections: watched.sections,
          diagnosis: true,
        },
        onNews: () => cancel = clock.setTimer(pump, GATHER_MS),
      });
      const end = () => {
        cancel();
        watcher.close();
        watched.release();
        resolve();
      };
      if (signal.aborted) end();
      else {
        signal.addEventListener("abort", end, { once: true });
        pump();
      }
      await over;
    },
    async diagnose(asked, signal) {
      const world = { cluster: everything, coders: visitor.coders, now: Date.now };
      try {
        const found = await diagnose(asked, world, { signal });
        return redaction.value(answerOf(found));
      } catch (error) {
        if (error instanceof NoSubjectError) throw new Error(redaction.text(error.message), { cause: error });
        throw error;
      }
    },
    async *log({ namespace, workspace, build }, signal) {
      const key = { namespace, name: workspace };
      const lines = buildLog({ cluster: () => visitor.cluster, key, build, signal, clock });
      for await (const some of lines) yield redaction.value(some);
    },
    close() {
      boards.close();
      close();
    },
  };
}
