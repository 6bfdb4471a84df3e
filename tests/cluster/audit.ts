/** Assertions over the API server's audit log: who asked for what, how often, and what was refused. */

import { waitFor } from "./wait.ts";

/** One request, as the API server recorded it. */
export interface AuditEntry {
  id: string;
  /** `system:serviceaccount:<namespace>:<name>` for service accounts. */
  user: string;
  /** Whom the user acted as; absent where it was themselves. */
  impersonated?: string;
  userAgent: string;
  /** As RBAC names it. */
  verb: string;
  /** With its query. */
  uri: string;
  /** "" for the core group; absent for paths that are no resource. */
  apiGroup?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  /** HTTP status; absent for a watch that is open. */
  code?: number;
  /** Whether RBAC let it through. */
  allowed: boolean;
  at: Date;
}

/** Which entries. Everything named must hold. */
export interface AuditFilter {
  user?: string;
  verb?: string | readonly string[];
  apiGroup?: string;
  resource?: string | readonly string[];
  /** `""` means: none. */
  subresource?: string;
  namespace?: string;
  name?: string;
  code?: number;
  allowed?: boolean;
}

/** A rule of a Role or ClusterRole. */
export interface PolicyRule {
  apiGroups?: readonly string[];
  resources?: readonly string[];
  resourceNames?: readonly string[];
  nonResourceURLs?: readonly string[];
  verbs: readonly string[];
  /** Where a RoleBinding grants it. @default everywhere */
  namespace?: string;
}

/** A place in the log. */
export interface AuditMark {
  /** In bytes. */
  offset: number;
}

const WRITES = ["create", "update", "patch", "delete", "deletecollection"];

/** The audit log of one API server. */
export class AuditLog {
  /** @param settleMs how long a request may take to get into the log, in milliseconds */
  constructor(
    private readonly path: string,
    private readonly get: (path: string) => Promise<unknown>,
    private readonly settleMs = 60_000,
  ) {}

  /** The present end of the log, after everything that has been answered so far. */
  async mark(): Promise<AuditMark> {
    await this.#settle();
    return { offset: (await Deno.stat(this.path)).size };
  }

  /** What was asked since a mark (or ever), up to everything that has been answered so far. */
  async since(mark: AuditMark = { offset: 0 }): Promise<AuditView> {
    await this.#settle();
    return new AuditView(parseAudit(await this.#read(mark.offset)));
  }

  /**
   * Says that refusals of the product are meant, until the answer is disposed of: the end of a run takes every other
   * for a right that is missing.
   *
   * @param deeds which, as {@linkcode deedOf} has them
   * @param why for people
   */
  meansDenials(why: string, deeds: RegExp = /./): Disposable {
    const meant: MeantDenials = { deeds: deeds.source, why, from: Date.now() };
    const path = meantDenialsPath(Deno.realPathSync(this.path));
    const note = (line: MeantDenials) =>
      Deno.writeTextFileSync(path, JSON.stringify(line) + "\n", { append: true });
    note(meant);
    return { [Symbol.dispose]: () => note({ ...meant, until: Date.now() }) };
  }

  /** A request leaves its trace a moment after its answer: a request of our own that is there comes after them. */
  async #settle(): Promise<void> {
    const from = (await Deno.stat(this.path).catch(() => undefined))?.size ?? 0;
    const trace = `/version?audit-mark=${crypto.randomUUID()}`;
    await this.get(trace);
    await waitFor(async () => (await this.#read(from)).includes(trace), {
      timeoutMs: this.settleMs,
      intervalMs: 10,
      what: "a request of our own to be recorded",
    }).catch((cause: unknown) => {
      throw new Error(`the API server's audit log ${this.path} does not record requests`, { cause });
    });
  }

  /** From `offset` on; a line that was only half written then belongs to what was before. */
  async #read(offset: number): Promise<string> {
    using file = await Deno.open(this.path);
    await file.seek(Math.max(0, offset - 1), Deno.SeekMode.Start);
    const text = await new Response(file.readable).text();
    return offset === 0 ? text : text.slice(text.indexOf("\n") + 1);
  }
}

/** Where it is noted which refusals a test means: beside the log, wherever that is. */
export function meantDenialsPath(auditLog: string): string {
  return `${auditLog}.meant`;
}

/** Refusals that are meant, from one moment to another. */
export interface MeantDenials {
  /** Source of a regular expression on {@linkcode deedOf}. */
  readonly deeds: string;
  readonly why: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Absent: to the end of the cluster. */
  readonly until?: number;
}

/** What was asked for, as `list secrets in coder` or `patch deployments.apps in coder: dev`. */
export function deedOf(entry: AuditEntry): string {
  const { verb, namespace, name } = entry;
  return `${verb} ${qualified(entry)}${namespace ? ` in ${namespace}` : ""}${name ? `: ${name}` : ""}`;
}

/** A stretch of the log, to be asked. */
export class AuditView {
  constructor(readonly entries: readonly AuditEntry[]) {}

  /** Entries that match, in the order in which they were recorded. */
  requests(filter: AuditFilter = {}): AuditEntry[] {
    return this.entries.filter((entry) => matchesFilter(filter, entry));
  }

  /** How many entries match. */
  count(filter: AuditFilter = {}): number {
    return this.requests(filter).length;
  }

  /** What RBAC refused. */
  denied(user?: string): AuditEntry[] {
    return this.requests({ allowed: false, ...(user === undefined ? {} : { user }) });
  }

  /** How often a user listed and watched each resource (`deployments.apps`, `secrets`). */
  listWatchCount(user: string): Record<string, { list: number; watch: number }> {
    const counts: Record<string, { list: number; watch: number }> = {};
    for (const entry of this.requests({ user, verb: ["list", "watch"] })) {
      const count = counts[qualified(entry)] ??= { list: 0, watch: 0 };
      count[entry.verb as "list" | "watch"]++;
    }
    return counts;
  }

  /** Writes of a user, lease renewals and Events aside. */
  writes(user: string): AuditEntry[] {
    return this.requests({ user, verb: WRITES })
      .filter(({ resource }) => resource !== "leases" && resource !== "events");
  }

  /**
   * Rights that no allowed request of a user needed, each as `verb resource.group` or `verb /path`. A wildcard counts
   * as used as soon as anything falls under it.
   */
  rightsNeverUsed(user: string, rules: readonly PolicyRule[]): string[] {
    return rightsNeverUsed(this.requests({ user, allowed: true }), rules);
  }
}

/** Rights that none of these requests needed; see {@linkcode AuditView.rightsNeverUsed}. */
export function rightsNeverUsed(used: readonly AuditEntry[], rules: readonly PolicyRule[]): string[] {
  const unused = new Set<string>();
  for (const rule of rules) {
    for (const verb of rule.verbs) {
      for (const apiGroup of rule.apiGroups ?? []) {
        for (const resource of rule.resources ?? []) {
          const wanted = (entry: AuditEntry) =>
            covers(verb, entry.verb) && covers(apiGroup, entry.apiGroup) &&
            covers(resource, fullResource(entry)) &&
            (rule.namespace === undefined || rule.namespace === entry.namespace) &&
            (!rule.resourceNames?.length || rule.resourceNames.includes(entry.name ?? ""));
          if (!used.some(wanted)) unused.add(`${verb} ${resource}${apiGroup ? `.${apiGroup}` : ""}`);
        }
      }
      for (const url of rule.nonResourceURLs ?? []) {
        const wanted = (entry: AuditEntry) =>
          entry.resource === undefined && covers(verb, entry.verb) && coversUrl(url, entry.uri);
        if (!used.some(wanted)) unused.add(`${verb} ${url}`);
      }
    }
  }
  return [...unused];
}

/** Reads the lines of an audit log; the stages of one request become one entry. */
export function parseAudit(text: string): AuditEntry[] {
  const entries = new Map<string, AuditEntry>();
  // The last line may still be on its way.
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
    if (line === "") continue;
    const event = JSON.parse(line);
    const reference = event.objectRef ?? {};
    const entry: AuditEntry = {
      id: event.auditID,
      user: event.user?.username ?? "",
      ...(event.impersonatedUser?.username ? { impersonated: event.impersonatedUser.username } : {}),
      userAgent: event.userAgent ?? "",
      verb: event.verb,
      uri: event.requestURI,
      ...(event.objectRef ? { apiGroup: reference.apiGroup ?? "" } : {}),
      ...(reference.resource ? { resource: reference.resource } : {}),
      ...(reference.subresource ? { subresource: reference.subresource } : {}),
      ...(reference.namespace ? { namespace: reference.namespace } : {}),
      ...(reference.name ? { name: reference.name } : {}),
      ...(event.stage !== "ResponseStarted" && event.responseStatus?.code !== undefined
        ? { code: event.responseStatus.code }
        : {}),
      allowed: event.annotations?.["authorization.k8s.io/decision"] !== "forbid",
      at: new Date(event.requestReceivedTimestamp),
    };
    entries.set(entry.id, entry);
  }
  return [...entries.values()];
}

function matchesFilter(filter: AuditFilter, entry: AuditEntry): boolean {
  const among = (wanted: string | readonly string[] | undefined, value: string | undefined) =>
    wanted === undefined ||
    (typeof wanted === "string" ? wanted === (value ?? "") : wanted.includes(value ?? ""));
  return among(filter.user, entry.user) && among(filter.verb, entry.verb) &&
    among(filter.apiGroup, entry.apiGroup) && among(filter.resource, entry.resource) &&
    among(filter.subresource, entry.subresource) && among(filter.namespace, entry.namespace) &&
    among(filter.name, entry.name) && (filter.code === undefined || filter.code === entry.code) &&
    (filter.allowed === undefined || filter.allowed === entry.allowed);
}

function fullResource({ resource, subresource }: AuditEntry): string | undefined {
  return resource === undefined || subresource === undefined ? resource : `${resource}/${subresource}`;
}

function qualified(entry: AuditEntry): string {
  return `${fullResource(entry) ?? entry.uri}${entry.apiGroup ? `.${entry.apiGroup}` : ""}`;
}

function covers(pattern: string, value: string | undefined): boolean {
  return value !== undefined && (pattern === "*" || pattern === value);
}

function coversUrl(pattern: string, uri: string): boolean {
  const path = uri.split("?")[0] ?? uri;
  return pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}
