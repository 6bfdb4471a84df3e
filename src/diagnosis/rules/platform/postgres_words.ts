/** What is said where Coder's database is not to be had: by the operator's conditions, and by Coder in its pods' logs. */
import { timeText } from "../../core_events.ts";
import type { Facts } from "../../facts.ts";
import { list } from "../../foreign.ts";
import { conditionIn, controlPlaneOf, type OwnerView } from "../../owner_view.ts";
import { quoteCondition } from "../../owner_steps.ts";
import { isReadyPod, podView } from "../../pods/pod_view.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence } from "../../types.ts";

/** What is wrong with it. */
export type DatabaseTrouble =
  | "unreachable"
  | "password"
  | "database"
  | "tls"
  | "rights"
  | "schema"
  | "address";

/** Words of PostgreSQL and of Coder's driver; the first that fits counts. */
const WORDS: readonly (readonly [DatabaseTrouble, RegExp])[] = [
  [
    "password",
    /password authentication failed|no password supplied|password must be|SASL authentication|28P01/i,
  ],
  ["tls", /no pg_hba\.conf entry .*(?:no encryption|SSL off)/i],
  [
    "tls",
    /SSL is not enabled on the server|does not (?:support|speak) (?:SSL|TLS)|(?:x509|tls): |certificate|sslmode/i,
  ],
  [
    "rights",
    /no pg_hba\.conf entry|permission denied for|must be owner of|42501|role ".*" is not permitted to log in/i,
  ],
  ["password", /role ".*" does not exist/i],
  ["database", /database ".*" does not exist|3D000/i],
  [
    "schema",
    /Dirty database version|no migration found for version|migrate up|migration \d+ was broken off|PostgreSQL version must be/i,
  ],
  [
    "address",
    /(?:parse|parsing) .*(?:postgres|connection|url|dsn)|missing "=" after|database URL cannot be used/i,
  ],
  [
    "unreachable",
    /connection refused|no such host|i\/o timeout|no route to host|network is unreachable|connection reset|ECONNREFUSED|timeout|timed out|the database system is (?:starting up|shutting down|in recovery mode)|too many clients|remaining connection slots|server closed the connection|bad connection|EOF|connection broke|unable to connect/i,
  ],
];

/** What Coder has got over is further up in its log. */
const LAST_LINES = 15;
/** Lines of Coder about its database. */
const DATABASE_LINE = /postgres|\bpq: |\bpgx\b|migrate up|connect to database/i;

const REASONS: Readonly<Record<string, DatabaseTrouble | undefined>> = {
  DatabaseUnreachable: "unreachable",
  DatabaseTimeout: "unreachable",
  DatabaseTLS: "tls",
  DatabaseForbidden: "rights",
  DatabaseURLInvalid: "address",
  CoderDatabaseAway: "unreachable",
  SchemaUnknown: undefined,
};
/** Of conditions that tell of the database. */
const TYPES = ["OperatorAccess", "CoderReachable", "Degraded", "Ready"];

/** What a text says; undefined where it is about something else. */
export function troubleIn(text: string): DatabaseTrouble | undefined {
  return WORDS.find(([, words]) => words.test(text))?.[0];
}

/** What is wrong with the database, and who says so. */
export interface DatabaseSaid {
  readonly trouble: DatabaseTrouble;
  readonly controlPlane: OwnerView;
  /** Coder's own words first. */
  readonly evidence: readonly Evidence[];
  /** Coder itself says it: it does not run without. */
  readonly byCoder: boolean;
  /** Milliseconds since 1970 of the condition; 0 where there is none. */
  readonly at: number;
  /** The surest words, for the cause. */
  readonly words: string;
}

const KNOWN = new WeakMap<Facts, DatabaseSaid | undefined>();

/** Coder's words count more than the operator's, whose own way to the database may be another. */
export function databaseSaid(facts: Facts): DatabaseSaid | undefined {
  if (!KNOWN.has(facts)) KNOWN.set(facts, read(facts));
  return KNOWN.get(facts);
}

function read(facts: Facts): DatabaseSaid | undefined {
  const controlPlane = controlPlaneOf(facts);
  if (controlPlane === undefined) return undefined;
  const logged = (facts.subject.kind === "controlplane" ? fromLogs(facts) : undefined) ?? fromAnswers(facts);
  const told = fromConditions(controlPlane);
  const trouble = logged?.trouble ?? told?.trouble;
  if (trouble === undefined) return undefined;
  const evidence = [
    ...(logged === undefined ? [] : [logged.evidence]),
    ...(told?.trouble === trouble ? [told.evidence] : []),
  ];
  return {
    trouble,
    controlPlane,
    evidence,
    byCoder: logged !== undefined || told?.byCoder === true,
    at: told?.trouble === trouble ? told.at : 0,
    words: logged?.words ?? told?.words ?? "",
  };
}

/** The last line that says it, of pods that are not ready: those that are have got over it. */
function fromLogs(facts: Facts) {
  const ready = new Set((valueOf(facts.pods) ?? []).map(podView).filter(isReadyPod).map(({ name }) => name));
  for (const { pod, namespace, container, lines } of valueOf(facts.podLogs) ?? []) {
    if (ready.has(pod)) continue;
    for (const line of list(lines).filter((one) => typeof one === "string").slice(-LAST_LINES).toReversed()) {
      if (/View the Web UI|coderd?: started|Started HTTP listener/.test(line) && !DATABASE_LINE.test(line)) {
        continue;
      }
      const trouble = DATABASE_LINE.test(line) ? troubleIn(line) : undefined;
      if (trouble === undefined) continue;
      const at = /^(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)/.exec(line)?.[1]?.replace(" ", "T");
      const evidence: Evidence = {
        source: `log of pod ${namespace}/${pod} (${container})`,
        ...(at === undefined ? {} : { at: `${at}Z` }),
        quote: line,
      };
      return { trouble, evidence, words: lastError(line) };
    }
  }
  return undefined;
}

/** Coder runs, and answers that it has lost its database. */
function fromAnswers(facts: Facts) {
  const answers = [
    facts.entitlements,
    facts.coderProxies,
    facts.build,
    facts.daemons,
    facts.jobs,
    facts.keys,
  ];
  for (const seen of answers) {
    if (seen?.state !== "unread" || !/database seems to be away/.test(seen.why)) continue;
    const evidence: Evidence = { source: "answer of Coder", at: timeText(facts.now), quote: seen.why };
    return { trouble: "unreachable" as const, evidence, words: seen.why };
  }
  return undefined;
}

/** The innermost error of a line. */
function lastError(line: string): string {
  const [, field] = /error="((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
  if (field !== undefined) return field.replaceAll('\\"', '"');
  return line.replace(/^.*last error: /, "").replace(/^.*?error: /, "");
}

function fromConditions(controlPlane: OwnerView) {
  for (const type of TYPES) {
    const condition = conditionIn(controlPlane, type);
    if (condition === undefined) continue;
    const { reason, message, status, at } = condition;
    const isBad = type === "Degraded" ? status === "True" : status === "False";
    // A token that was valid once is still told as true, with what is wrong now.
    if (!isBad && !(type === "OperatorAccess" && reason === "NotConfirmed")) continue;
    const isAbout = reason.startsWith("Database") || reason === "CoderDatabaseAway" ||
      /PostgreSQL at |database URL cannot be used/.test(message);
    if (!isAbout) continue;
    const trouble = reason === "DatabaseRefused" || REASONS[reason] === undefined
      ? troubleIn(message)
      : REASONS[reason];
    if (trouble === undefined) continue;
    const evidence = quoteCondition(controlPlane.about, condition);
    return { trouble, evidence, at, words: message, byCoder: reason === "CoderDatabaseAway" };
  }
  return undefined;
}
