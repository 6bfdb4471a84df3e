/** What two lists have to differ in for somebody to be woken. */
import type {
  Organization,
  ProvisionerDaemon,
  ProvisionerJob,
  ProvisionerKey,
  WorkspaceProxy,
} from "../coder/mod.ts";

/** What matters of each item, by its name or id. */
export type Fingerprints = ReadonlyMap<string, string>;

/** Names that came, went, or stand for something else. */
export function changedNames(before: Fingerprints, after: Fingerprints): Set<string> {
  const changed = new Set<string>();
  for (const [name, print] of after) if (before.get(name) !== print) changed.add(name);
  for (const name of before.keys()) if (!after.has(name)) changed.add(name);
  return changed;
}

export function keyPrints(keys: readonly ProvisionerKey[]): Fingerprints {
  return prints(keys, ({ name }) => name, ({ id, tags }) => [id, sorted(tags)]);
}

/** When a daemon was last seen does not count: that changes all the time. */
export function daemonPrints(daemons: readonly ProvisionerDaemon[]): Fingerprints {
  return prints(
    daemons,
    ({ name }) => name,
    ({ id, key_id, status, version, tags }) => [id, key_id, status, version, sorted(tags)],
  );
}

export function jobPrints(jobs: readonly ProvisionerJob[]): Fingerprints {
  return prints(jobs, ({ id }) => id, ({ status, worker_name }) => [status, worker_name]);
}

/** Neither the times at which Coder looked, nor those of the primary, which are new in every list. */
export function proxyPrints(proxies: readonly WorkspaceProxy[]): Fingerprints {
  return prints(
    proxies,
    ({ name }) => name,
    ({ status, created_at: _, updated_at: _updated, ...rest }) => [
      sorted(rest),
      status?.status,
      status?.report?.errors,
      status?.report?.warnings,
    ],
  );
}

export function organizationPrints(organizations: readonly Organization[]): Fingerprints {
  return prints(organizations, ({ id }) => id, ({ name, is_default }) => [name, is_default]);
}

/** Items that share a name count together, in whatever order they come. */
function prints<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  partsOf: (item: T) => readonly unknown[],
): Fingerprints {
  const groups = Map.groupBy(items, nameOf);
  return new Map(
    [...groups].map(([name, group]) => [
      name,
      group.map((item) => JSON.stringify(partsOf(item))).sort().join("\n"),
    ]),
  );
}

function sorted(record: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1);
}
