/** The lists of all deployments: what provisioners and workspace proxies verify themselves against, in few requests. */
import type { Organization } from "../coder/mod.ts";
import { systemClock } from "../telemetry/clock.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../telemetry/metrics.ts";
import { type Contents, DEFINITIONS } from "./kinds.ts";
import { type ListTimes, SharedList } from "./shared_list.ts";
import { Turns } from "./turns.ts";
import type {
  Answer,
  Ask,
  DaemonList,
  JobList,
  KeyList,
  ListKind,
  ListNews,
  OrganizationAnswer,
  PacedAsk,
  Place,
  ProxyList,
} from "./types.ts";

export interface ListingsOptions {
  /** Time between two verification lists of one deployment, whatever they list, in milliseconds. @default {60_000} */
  verifyEveryMs?: number;
  /** Time between two lists at the pace of work, for each list of its own, in milliseconds. @default {15_000} */
  workEveryMs?: number;
  /** Time between two requests for the same list where changes ask for new ones, in milliseconds. @default {2_000} */
  freshGapMs?: number;
  /** The age from which on organizations should be listed again, in milliseconds. @default {3_600_000} */
  organizationsMaxAgeMs?: number;
  /** The longest that one request may take, in milliseconds. @default {15_000} */
  requestTimeoutMs?: number;
  /** Monotonic. @default {the machine's} */
  clock?: { now(): number };
  /** Milliseconds since 1970. @default {Date.now} */
  wallTime?: () => number;
  /** @default {Math.random} */
  random?: () => number;
  metrics?: Metrics;
  log?: Logger;
}

/**
 * Lists that many share. Nothing runs by itself: who asks either gets what is there, or waits for the one request that
 * all who ask wait for. Failures are answers, too: see {@linkcode Answer}. Asks reject only when their signal aborts.
 *
 * An organization is named by its id where that is known, always in the same way: each name has a list of its own.
 *
 * @example
 * ```ts
 * const { latest, failure, lookAgainMs } = await listings.keys(place, organization.id, { signal });
 * ```
 */
export interface Listings {
  keys(place: Place, organization: string, ask: Ask): Promise<Answer<KeyList>>;
  /** For conditions at the pace of verification; autoscaling asks at that of work. */
  daemons(place: Place, organization: string, ask: PacedAsk): Promise<Answer<DaemonList>>;
  /** At the pace of work. */
  jobs(place: Place, organization: string, ask: Ask): Promise<Answer<JobList>>;
  proxies(place: Place, ask: Ask): Promise<Answer<ProxyList>>;
  /** By name or id; `default` is the deployment's first one. One that is not found is looked for again at every turn. */
  organization(place: Place, nameOrId: string, ask: Ask): Promise<Answer<OrganizationAnswer>>;
  /**
   * Calls `listener` for every list that says something else than the one before, also on behalf of those who have just
   * asked. Returns the function that ends it.
   */
  onNews(listener: (news: ListNews) => void): () => void;
  /** Drops all that is known of a control plane that is gone. Who waits yet gets an answer. */
  forget(controlPlane: string): void;
  /** Control planes that are known. */
  readonly size: number;
}

/** What nobody asks for during this time is forgotten, in milliseconds. */
const UNUSED_MS = 3_600_000;

/** Credentials that are remembered for each control plane. */
const MOST_VIEWS = 32;

/** The lists under one credential, by organization. */
interface View {
  readonly lists: { readonly [K in ListKind]: Map<string, SharedList<Contents[K]>> };
  usedAt: number;
}

interface Known {
  readonly turns: Turns<object>;
  readonly views: Map<string, View>;
  usedAt: number;
  forgotten: boolean;
}

/** Makes the lists; nothing is asked for yet. */
export function createListings(options: ListingsOptions = {}): Listings {
  const { metrics = noMetrics, log = silentLogger, clock = systemClock } = options;
  const { verifyEveryMs = 60_000, organizationsMaxAgeMs = 3_600_000 } = options;
  const times: ListTimes = {
    now: () => clock.now(),
    wallTime: options.wallTime ?? Date.now,
    random: options.random ?? Math.random,
    requestTimeoutMs: options.requestTimeoutMs ?? 15_000,
    verifyEveryMs,
    workEveryMs: options.workEveryMs ?? 15_000,
    freshGapMs: options.freshGapMs ?? 2_000,
  };
  const known = new Map<string, Known>();
  const listeners = new Set<(news: ListNews) => void>();
  const requests = metrics.counter(
    "coder_k8s_coder_lists_total",
    "Shared lists that were asked of Coder, by what they list and by what became of the request.",
    ["kind", "outcome"],
  );

  function tell(news: ListNews): void {
    for (const listener of listeners) {
      try {
        listener(news);
      } catch (error) {
        const { kind, controlPlane } = news;
        log.error("news of a list of Coder could not be handled", { kind, controlPlane, error });
      }
    }
  }

  function viewOf(place: Place): { deployment: Known; view: View } {
    const now = times.now();
    const deployment = obtain(known, place.controlPlane, now, () => ({
      turns: new Turns<object>({ everyMs: verifyEveryMs }),
      views: new Map(),
      usedAt: now,
      forgotten: false,
    }));
    const identity = JSON.stringify([place.deploymentId ?? "", place.credential]);
    const view = obtain(deployment.views, identity, now, () => newView(now));
    deployment.usedAt = view.usedAt = now;
    if (deployment.views.size > MOST_VIEWS) {
      const [oldest] = [...deployment.views].sort(([, a], [, b]) => a.usedAt - b.usedAt);
      if (oldest !== undefined) deployment.views.delete(oldest[0]);
    }
    return { deployment, view };
  }

  function listOf<K extends ListKind>(place: Place, kind: K, organization?: string): SharedList<Contents[K]> {
    const { deployment, view } = viewOf(place);
    const { controlPlane, deploymentId } = place;
    const definition = DEFINITIONS[kind];
    const lists: Map<string, SharedList<Contents[K]>> = view.lists[kind];
    return obtain(lists, organization ?? "", times.now(), () =>
      new SharedList<Contents[K]>({
        times,
        turns: deployment.turns,
        pace: definition.pace,
        fetch: (client, call) => definition.fetch(client, organization ?? "", call),
        fingerprints: (content) => definition.fingerprints(content),
        onChange(changed) {
          if (!deployment.forgotten) tell({ kind, controlPlane, deploymentId, organization, changed });
        },
        onOutcome: (outcome) => requests.inc({ kind, outcome }),
      }));
  }

  return {
    keys: async (place, organization, ask) =>
      await listOf(place, "keys", organization).ask(place.client, ask),
    daemons: async (place, organization, ask) =>
      await listOf(place, "daemons", organization).ask(place.client, ask),
    jobs: async (place, organization, ask) =>
      await listOf(place, "jobs", organization).ask(place.client, ask),
    proxies: async (place, ask) => await listOf(place, "proxies").ask(place.client, ask),
    async organization(place, nameOrId, ask) {
      const list = listOf(place, "organizations");
      const look = async (maxAgeMs: number) => {
        const answer = await list.ask(place.client, { ...ask, maxAgeMs });
        const organization = answer.latest?.organizations.find((one) => isNamed(one, nameOrId));
        return { ...answer, latest: answer.latest && { takenAt: answer.latest.takenAt, organization } };
      };
      const answer = await look(ask.maxAgeMs ?? organizationsMaxAgeMs);
      if (ask.maxAgeMs !== undefined || answer.latest?.organization !== undefined) return answer;
      return await look(verifyEveryMs);
    },
    onNews(listener) {
      // A subscription of its own, also where the same function subscribes twice.
      const own = (news: ListNews) => listener(news);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    forget(controlPlane) {
      const deployment = known.get(controlPlane);
      if (deployment === undefined) return;
      deployment.forgotten = true;
      known.delete(controlPlane);
    },
    get size() {
      return known.size;
    },
  };
}

function newView(now: number): View {
  const lists = {
    keys: new Map(),
    daemons: new Map(),
    jobs: new Map(),
    proxies: new Map(),
    organizations: new Map(),
  };
  return { lists, usedAt: now };
}

/** What is there; otherwise a new one, and what nobody has used for long goes. */
function obtain<T extends { readonly usedAt: number }>(
  map: Map<string, T>,
  key: string,
  now: number,
  make: () => T,
): T {
  const there = map.get(key);
  if (there !== undefined) return there;
  for (const [other, { usedAt }] of map) if (now - usedAt > UNUSED_MS) map.delete(other);
  const made = make();
  map.set(key, made);
  return made;
}

function isNamed({ id, name, is_default }: Organization, nameOrId: string): boolean {
  const wanted = nameOrId.toLowerCase();
  return id === wanted || name.toLowerCase() === wanted || (wanted === "default" && is_default);
}
