/**
 * Who wrote what, from the API server's audit log. Replicas have one ServiceAccount, and each process a token of its
 * own: by the token's id a process is known. Pure, but for the reading of the file.
 */

/** A write that the API server has answered. */
export interface Write {
  /** Which process: the id of its token. */
  readonly by: string;
  readonly user: string;
  readonly verb: string;
  /** `resource.group/subresource`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  /** When the API server began with it, and was done, in milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
}

const VERBS = ["create", "update", "patch", "delete", "deletecollection"];
const CREDENTIAL = "authentication.kubernetes.io/credential-id";

/** Writes in the lines of an audit log; what is no whole line yet is left out. */
export function parseWrites(text: string): Write[] {
  const writes: Write[] = [];
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
    if (!line.includes('"ResponseComplete"')) continue;
    const event = JSON.parse(line);
    if (event.stage !== "ResponseComplete" || !VERBS.includes(event.verb) || event.objectRef === undefined) {
      continue;
    }
    const { resource, apiGroup, subresource, namespace = "", name = "" } = event.objectRef;
    writes.push({
      by: event.user?.extra?.[CREDENTIAL]?.[0] ?? "",
      user: event.user?.username ?? "",
      verb: event.verb,
      resource: `${resource}${apiGroup ? `.${apiGroup}` : ""}${subresource ? `/${subresource}` : ""}`,
      namespace,
      name,
      code: event.responseStatus?.code ?? 0,
      from: Date.parse(event.requestReceivedTimestamp),
      to: Date.parse(event.stageTimestamp),
    });
  }
  return writes.sort((a, b) => a.from - b.from);
}

/** What two processes wrote at one object at the same time, in words. */
export function overlapping(writes: readonly Write[]): string[] {
  const found: string[] = [];
  const objects = Map.groupBy(
    writes,
    ({ resource, namespace, name }) => `${resource.split("/")[0]} ${namespace}/${name}`,
  );
  for (const [object, own] of objects) {
    // The latest end of each process so far.
    const ends = new Map<string, Write>();
    for (const write of own) {
      for (const [by, earlier] of ends) {
        if (by !== write.by && earlier.to > write.from) {
          found.push(`${object}: ${said(earlier)} while ${said(write)}`);
        }
      }
      if ((ends.get(write.by)?.to ?? -Infinity) < write.to) ends.set(write.by, write);
    }
  }
  return found;
}

/**
 * Writes of processes that did not lead, in words. Who leads is whoever wrote the Lease last: nobody but the holder can
 * do so before it has run out.
 */
export function withoutLease(writes: readonly Write[], lease: readonly Write[]): string[] {
  const held = lease.filter(({ code }) => code >= 200 && code < 300).sort((a, b) => a.from - b.from);
  return writes.flatMap((write) => {
    const before = held.findLast(({ from }) => from <= write.to);
    if (before?.by === write.by) return [];
    return [`${said(write)} ${before === undefined ? "before anybody led" : `while ${before.by} led`}`];
  });
}

/** How many processes led one after the other. */
export function leaders(lease: readonly Write[]): number {
  const held = lease.filter(({ code }) => code >= 200 && code < 300);
  return held.filter(({ by }, index) => by !== held[index - 1]?.by).length;
}

function said({ by, verb, resource, namespace, name, from, to }: Write): string {
  const at = (ms: number) => new Date(ms).toISOString().slice(11, 23);
  return `${by} ${verb} ${resource} ${namespace}/${name} (${at(from)}–${at(to)})`;
}
