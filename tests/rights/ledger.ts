/** What the product was refused, and which of its rights it used, over the clusters of a whole run of tests. */
import {
  type AuditEntry,
  deedOf,
  type MeantDenials,
  meantDenialsPath,
  parseAudit,
  rightsNeverUsed,
} from "../cluster/audit.ts";
import { ACCOUNTS, type Grant } from "./grants.ts";
import { inexcusable } from "./exceptions.ts";

/** Something that the product was refused, and that no test has announced. */
export interface Denial {
  readonly user: string;
  readonly userAgent: string;
  readonly deed: string;
  /** What ran then, as the caller of {@linkcode RightsLedger.read} named it. */
  readonly during: string;
  readonly count: number;
}

/** All lines of the product have it. */
const PRODUCT = '"username":"system:serviceaccount:coder-';
const USERS: ReadonlySet<string> = new Set(Object.values(ACCOUNTS));
/** What the product's rights are made of. */
const RIGHTS = /"resource":"(?:clusterroles|clusterrolebindings|roles|rolebindings|namespaces)"/;
const OURS = /^(?:manager-role|coder-k8s(?:-.*)?|coder-system|coder-sessions)$/;
/** How long after somebody has changed them the product may still learn of it, in milliseconds. */
const SETTLED_MS = 30_000;

/** Reads audit logs bit by bit, and keeps little of them. */
export class RightsLedger {
  readonly #ends = new Map<string, number>();
  readonly #denials = new Map<string, Denial>();
  /** When somebody gave rights to the product or took them away, by log. */
  readonly #changes = new Map<string, MeantDenials[]>();
  /** One of each that grants tell apart, by user. */
  readonly #used = new Map<string, Map<string, AuditEntry>>();

  /** What was not announced, in the order in which it was first seen. */
  get denials(): Denial[] {
    return [...this.#denials.values()];
  }

  /** What is in a log by now is somebody else's. */
  async skip(auditLog: string): Promise<void> {
    this.#ends.set(auditLog, (await Deno.stat(auditLog)).size);
  }

  /**
   * Reads on where the last call for this log ended. Whoever installs or removes the product, or changes its roles, has
   * announced what it is refused meanwhile.
   */
  async read(auditLog: string, during: string): Promise<void> {
    const entries = parseAudit(await this.#lines(auditLog));
    if (entries.length === 0) return;
    const changes = this.#changes.get(auditLog) ?? [];
    this.#changes.set(auditLog, changes);
    for (const entry of entries) if (isChange(entry)) changes.push(windowOf(entry));
    const meant = [...changes, ...await readMeant(meantDenialsPath(await Deno.realPath(auditLog)))];
    for (const entry of entries) this.#add(entry, meant, during);
  }

  /** Rights among `grants` that `user` never used, each with its role; what {@linkcode inexcusable} leaves of them. */
  unused(user: string, grants: readonly Grant[]): string[] {
    const used = [...this.#used.get(user)?.values() ?? []];
    return grants.flatMap((grant) =>
      inexcusable(rightsNeverUsed(used, [grant])).map((right) => `${right} (${grant.role})`)
    );
  }

  #add(entry: AuditEntry, meant: readonly MeantDenials[], during: string): void {
    const { user, userAgent, allowed, impersonated } = entry;
    if (!USERS.has(user)) return;
    if (allowed) {
      let used = this.#used.get(user);
      if (used === undefined) this.#used.set(user, used = new Map());
      const { verb, apiGroup, resource, subresource, namespace, name, uri } = entry;
      const what = resource === undefined
        ? uri.split("?")[0]
        : [apiGroup, resource, subresource, namespace, name];
      // Names of objects that tests made: no rule names them.
      const isOurs = namespace === "coder-system" || namespace === "kube-system" || namespace === undefined;
      const key = JSON.stringify([verb, ...(isOurs ? [what] : [apiGroup, resource, subresource])]);
      if (!used.has(key)) used.set(key, entry);
      return;
    }
    // Somebody whom the MCP server speaks for may be refused what they ask for.
    if (impersonated !== undefined) return;
    const deed = deedOf(entry);
    if (meant.some((each) => covers(each, entry, deed))) return;
    const key = JSON.stringify([user, userAgent, deed, during]);
    const count = (this.#denials.get(key)?.count ?? 0) + 1;
    this.#denials.set(key, { user, userAgent, deed, during, count });
  }

  /** Lines of the product, and of who changes its rights; one that is still being written is read the next time. */
  async #lines(path: string): Promise<string> {
    using file = await Deno.open(path);
    let position = this.#ends.get(path) ?? 0;
    await file.seek(position, Deno.SeekMode.Start);
    const decoder = new TextDecoder();
    const lines: string[] = [];
    let rest = "";
    const buffer = new Uint8Array(1 << 20);
    for (let count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
      const bytes = buffer.subarray(0, count);
      const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      const newline = bytes.lastIndexOf(NEWLINE);
      if (newline >= 0) this.#ends.set(path, position + newline + 1);
      position += count;
      for (const line of parts) if (line.includes(PRODUCT) || RIGHTS.test(line)) lines.push(line);
    }
    return lines.length === 0 ? "" : lines.join("\n") + "\n";
  }
}

const NEWLINE = 10;

/** Whether somebody has given rights to the product, or taken them away. */
function isChange(
  { user, verb, resource = "", name = "", namespace = "", allowed, code = 0 }: AuditEntry,
): boolean {
  if (USERS.has(user) || !allowed || code >= 300) return false;
  if (resource === "namespaces") return verb === "delete" && OURS.test(name);
  const isWrite = ["create", "update", "patch", "delete"].includes(verb);
  return isWrite && /^(cluster)?role(binding)?s$/.test(resource) && (OURS.test(name) || OURS.test(namespace));
}

/** Where the namespace or the first of the bindings goes, the product is removed. */
function windowOf({ verb, resource, name, at }: AuditEntry): MeantDenials {
  const from = at.getTime();
  const isRemoval = verb === "delete" &&
    (resource === "namespaces" || (resource === "clusterrolebindings" && name === "coder-k8s"));
  const until = isRemoval ? {} : { until: from + SETTLED_MS };
  return { deeds: "", why: "the product's rights are changed", from, ...until };
}

/** A request that began before the refusals were meant may be answered after it, and be noted a little late. */
const LEEWAY_MS = 2_000;

function covers({ deeds, from, until = Infinity }: MeantDenials, { at }: AuditEntry, deed: string): boolean {
  const time = at.getTime();
  return time >= from - LEEWAY_MS && time <= until + LEEWAY_MS && new RegExp(deeds).test(deed);
}

/** The last note of a time counts: that with its end. */
async function readMeant(path: string): Promise<MeantDenials[]> {
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  const notes = text.split("\n").filter((line) => line !== "").map((line): MeantDenials => JSON.parse(line));
  return [...new Map(notes.map((note) => [`${note.from} ${note.deeds} ${note.why}`, note])).values()];
}
