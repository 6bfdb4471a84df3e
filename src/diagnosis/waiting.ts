/** Who may take a build that waits for a provisioner. */
import { tagsMatch, tagText } from "../coder/mod.ts";
import type { DaemonFacts } from "./coder_facts.ts";
import type { Facts } from "./facts.ts";
import { valueOf } from "./seen.ts";

export interface Waiting {
  /** Since when the job waits, RFC 3339; empty where Coder does not say. */
  readonly since: string;
  /** Milliseconds. */
  readonly waited: number;
  /** `the tags env=gpu`, or `no tags`. */
  readonly tags: string;
  readonly jobTags: Readonly<Record<string, string>>;
  readonly position: number;
  readonly size: number;
  /** Daemons with the job's tags; undefined where they could not be read. */
  readonly fit?: {
    readonly offline: readonly DaemonFacts[];
    readonly idle: readonly DaemonFacts[];
    readonly busy: readonly DaemonFacts[];
    /** When any was last seen, RFC 3339. */
    readonly lastSeen: string;
  } | undefined;
  /** Connected ones with other tags. */
  readonly others: readonly DaemonFacts[];
  /** Nobody was there when the job was made, as Coder counted. */
  readonly nobodyAtFirst: boolean;
}

/** Undefined where no build waits, or where it is not known for which tags. */
export function waitingOf(facts: Facts): Waiting | undefined {
  const build = valueOf(facts.build);
  if (build === undefined || build.job.status !== "pending" || build.status !== "pending") return undefined;
  const { job, matched } = build;
  if (Object.keys(job.tags).length === 0) return undefined;
  const daemons = valueOf(facts.daemons);
  const since = job.createdAt ?? build.createdAt ?? "";
  const fit = daemons?.filter(({ tags }) => tagsMatch(job.tags, tags));
  const seen = (fit ?? []).map(({ lastSeenAt }) => lastSeenAt ?? "").sort();
  const own = tagText(job.tags);
  return {
    since,
    waited: since === "" ? 0 : Math.max(0, facts.now - Date.parse(since)),
    tags: own === undefined ? "no tags" : `the tags ${own}`,
    jobTags: job.tags,
    position: job.queuePosition,
    size: job.queueSize,
    fit: fit && {
      offline: fit.filter(({ status }) => status === "offline"),
      idle: fit.filter(({ status }) => status === "idle"),
      busy: fit.filter(({ status }) => status !== "offline" && status !== "idle"),
      lastSeen: seen.at(-1) ?? "",
    },
    others: daemons?.filter(({ status, tags }) => status !== "offline" && !tagsMatch(job.tags, tags)) ?? [],
    nobodyAtFirst: matched !== undefined && matched.available === 0,
  };
}

/** `none is connected since …`, `none is connected`; undefined where some is, or nobody knows. */
export function noneConnected({ fit, nobodyAtFirst }: Waiting): string | undefined {
  if (fit === undefined) {
    return nobodyAtFirst ? "none was connected when the build was asked for" : undefined;
  }
  if (fit.idle.length + fit.busy.length > 0) return undefined;
  return fit.lastSeen === "" ? "none is connected" : `none is connected since ${shortTime(fit.lastSeen)}`;
}

/** RFC 3339 in whole seconds, UTC; as it is where it is no time. */
export function shortTime(at: string): string {
  const milliseconds = Date.parse(at);
  return Number.isNaN(milliseconds) ? at : new Date(milliseconds).toISOString().replace(/\.\d+/, "");
}
