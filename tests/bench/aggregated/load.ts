/** Load on an API server, by a program of its own (`load_client/`): what measures must not be what is slow. */
import { buildProgram, needGo } from "../../cluster/go_build.ts";
import { LineProcess } from "./line_process.ts";

/** Whom the load comes from, and where it goes. */
export interface Caller {
  /** `https://host:port` */
  readonly server: string;
  readonly caPem: string;
  readonly token: string;
}

/** Requests one after another by each of several callers. */
export interface LoadJob {
  /** `pages`: a turn is all pages of a list. @default {"load"} */
  readonly kind?: "load" | "pages";
  /** Chance decides which is asked for next. */
  readonly paths: readonly string[];
  readonly callers: number;
  /** Not counted. @default {2} */
  readonly warmupSeconds?: number;
  readonly seconds: number;
  /** Of all callers together. @default {as many as there can be} */
  readonly perSecond?: number;
  /** Whether answers may be compressed. @default {false} */
  readonly gzip?: boolean;
  /** A merge patch instead of a GET, as JSON; `{n}` in it is a number that comes once. */
  readonly patch?: string;
}

/** What came of it. */
export interface Loaded {
  /** How long each turn took, in microseconds, in no order. */
  readonly micros: readonly number[];
  readonly seconds: number;
  /** Turns by the code of their (last) answer; `0` where there was none. */
  readonly codes: Readonly<Record<string, number>>;
  readonly bytes: number;
  /** Objects of all pages. */
  readonly items: number;
}

export interface WatchJob {
  readonly path: string;
  readonly watchers: number;
  /** Stands before a number in each event that counts. */
  readonly eventMark: string;
  /** Stands before the time of the change, in nanoseconds since 1970. */
  readonly timeMark: string;
}

export interface Watched {
  /** From each change to each watcher, in microseconds, in no order. */
  readonly micros: readonly number[];
  /** Events of each watcher. */
  readonly events: readonly number[];
  /** Watchers that were told the same events in the same order as the first one. */
  readonly same: number;
  /** Watches that ended by themselves. */
  readonly ended: number;
  readonly codes: Readonly<Record<string, number>>;
}

/** Watches that are open, each on a connection of its own. */
export interface OpenWatches {
  /** Until all watchers have been told so many events. False where that took too long. @default {timeoutMs: 30_000} */
  told(events: number, timeoutMs?: number): Promise<boolean>;
  /** Closes them. */
  finish(): Promise<Watched>;
}

/** The program, built. */
export class LoadClient implements AsyncDisposable {
  private constructor(private readonly folder: string) {}

  static async build(): Promise<LoadClient> {
    const folder = await Deno.makeTempDir({ prefix: "coder-k8s-load-" });
    const go = { go: "go", moduleDir: new URL("./load_client", import.meta.url).pathname };
    await needGo(go, "the program that makes the load needs Go 1.26 or newer on PATH");
    await buildProgram(go, ["-trimpath"], ".", `${folder}/load_client`);
    return new LoadClient(folder);
  }

  /** Asks until the time is over. */
  async load({ server, caPem, token }: Caller, job: LoadJob): Promise<Loaded> {
    await using child = this.#start({
      Kind: job.kind ?? "load",
      Server: server,
      CaPem: caPem,
      Token: token,
      Paths: job.paths,
      Callers: job.callers,
      WarmupSeconds: job.warmupSeconds ?? 2,
      Seconds: job.seconds,
      PerSecond: job.perSecond ?? 0,
      Gzip: job.gzip ?? false,
      Body: job.patch ?? "",
      ContentType: "application/merge-patch+json",
    });
    return await child.next() as Loaded;
  }

  /** Opens watches; they are all open when this resolves. */
  async watch({ server, caPem, token }: Caller, job: WatchJob): Promise<OpenWatches> {
    const child = this.#start({
      Kind: "watch",
      Server: server,
      CaPem: caPem,
      Token: token,
      Paths: [job.path],
      Callers: job.watchers,
      EventMark: job.eventMark,
      TimeMark: job.timeMark,
    });
    await child.next();
    return {
      async told(events, timeoutMs = 30_000) {
        const end = performance.now() + timeoutMs;
        for (;;) {
          const { least } = await child.ask("count") as { least: number };
          if (least >= events) return true;
          if (performance.now() > end) return false;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      },
      async finish() {
        await child.say("finish");
        const watched = await child.next() as Watched;
        await child[Symbol.asyncDispose]();
        return watched;
      },
    };
  }

  #start(job: Record<string, unknown>): LineProcess {
    return new LineProcess(`${this.folder}/load_client`, [], job);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
