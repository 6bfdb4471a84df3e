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

/** Reads audit logs bit by bit, and keeps little of them. */
export class RightsLedger {
  readonly #ends = new Map<string, number>();
  readonly #denials = new Map<string, Denial>();
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

  /** Reads on where the last call for this log ended. */
  async read(auditLog: string, during: string): Promise<void> {
    const text = await this.#productLines(auditLog);
    const entries = parseAudit(text);
    if (entries.length === 0) return;
    const meant = await readMeant(meantDenialsPath(await Deno.realPath(auditLog)));
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

  async #productLines(path: string): Promise<string> {
    using file = await Deno.open(path);
    const from = this.#ends.get(path) ?? 0;
    await file.seek(from, Deno.SeekMode.Start);
    const decoder = new TextDecoder();
    const lines: string[] = [];
    let rest = "";
    let end = from;
    const buffer = new Uint8Array(1 << 20);
    for (let count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
      end += count;
      const parts = (rest + decoder.decode(buffer.subarray(0, count), { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) if (line.includes(PRODUCT)) lines.push(line);
    }
    // A line that is still being written is read the next time.
    this.#ends.set(path, end - new TextEncoder().encode(rest).length);
    return lines.length === 0 ? "" : lines.join("\n") + "\n";
  }
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
