/** What is listed, how it is asked for, and what matters of it. */
import type { Organization } from "../coder/mod.ts";
import {
  daemonPrints,
  type Fingerprints,
  jobPrints,
  keyPrints,
  organizationPrints,
  proxyPrints,
} from "./fingerprints.ts";
import type { DaemonList, JobList, KeyList, ListClient, ListKind, Pace, ProxyList, Taken } from "./types.ts";

type Content<T extends Taken> = Omit<T, "takenAt">;

/** What each kind of list holds. */
export interface Contents extends Record<ListKind, object> {
  keys: Content<KeyList>;
  daemons: Content<DaemonList>;
  jobs: Content<JobList>;
  proxies: Content<ProxyList>;
  organizations: { readonly organizations: readonly Organization[] };
}

/** One kind. */
export interface Definition<T> {
  readonly pace: Pace;
  fetch(
    client: ListClient,
    organization: string,
    options: { signal: AbortSignal; timeoutMs: number },
  ): Promise<T>;
  fingerprints(content: T): Fingerprints;
}

/** Most that Coder is asked for at a time: as many mean that there may be more. */
export const LIMIT = 1_000;

/** Statuses of jobs that are not over. */
const OPEN_JOBS = ["pending", "running", "canceling"];

/** All kinds. */
export const DEFINITIONS: { readonly [K in ListKind]: Definition<Contents[K]> } = {
  keys: {
    pace: "verification",
    fetch: async ({ provisioners }, organization, options) => ({
      keys: await provisioners.listKeys(organization, options),
    }),
    fingerprints: ({ keys }) => keyPrints(keys),
  },
  daemons: {
    pace: "verification",
    async fetch({ provisioners }, organization, options) {
      const daemons = await provisioners.listDaemons(organization, { limit: LIMIT }, options);
      return { daemons, complete: daemons.length < LIMIT };
    },
    fingerprints: ({ daemons }) => daemonPrints(daemons),
  },
  jobs: {
    pace: "work",
    async fetch({ provisionerJobs }, organization, options) {
      const jobs = await provisionerJobs.list(organization, { limit: LIMIT, statuses: OPEN_JOBS }, options);
      return { jobs, complete: jobs.length < LIMIT };
    },
    fingerprints: ({ jobs }) => jobPrints(jobs),
  },
  proxies: {
    pace: "verification",
    fetch: async ({ workspaceProxies }, _, options) => ({ proxies: await workspaceProxies.list(options) }),
    fingerprints: ({ proxies }) => proxyPrints(proxies),
  },
  organizations: {
    pace: "verification",
    fetch: async ({ organizations }, _, options) => ({ organizations: await organizations.list(options) }),
    fingerprints: ({ organizations }) => organizationPrints(organizations),
  },
};
