/** The step `Keys`: one valid key in the Secret, at every moment, and none too many in Coder. */
import { canonicalJson } from "../../kube/apply/canonical_json.ts";
import {
  keepKey,
  type KeyOutcome,
  type KeyRecord,
  type KeyState,
  readRecord,
  writeRecord,
} from "../keys/mod.ts";
import { keySecretRef } from "../children.ts";
import { ownDeployment } from "../../operator/children/deployment.ts";
import { liveKeyRef } from "../template_facts.ts";
import { type Ending, endKeys } from "./key_end.ts";
import { REFUSED } from "./entitlement.ts";
import { sayVerdict } from "./entitlement_step.ts";
import { keyListing } from "./key_listing.ts";
import { keyPorts } from "./key_ports.ts";
import type { KnownSecret } from "./key_secret.ts";
import { bringsSecret, keyWanted } from "./key_wanted.ts";
import { rolledWith } from "./running_pods.ts";
import type { Visit, VisitStep, VisitTools } from "./visit.ts";

/** What is remembered of a provisioner. */
interface Memory {
  /** What the last visit read and left, and where in which Secret it looked for the key. */
  readonly last?: {
    readonly base: KeyRecord;
    readonly outcome: KeyOutcome;
    readonly place: string;
    /** When it ended, in milliseconds since 1970. */
    readonly at: number;
  };
  readonly secret?: KnownSecret | undefined;
  readonly ending?: Ending;
}

/** A record that nobody stores is looked for so often, in milliseconds; its storing wakes us before. */
const UNSTORED_MS = 10_000;

/** A record that is not stored within this time, in milliseconds, is lost: somebody wrote another one over it. */
const STORED_MS = 60_000;

/** A list shows nothing of what was made after it: so long after that, in milliseconds, another one is looked for. */
const LISTING_MS = 2_000;

/** What is wrong with a key until somebody does something. */
const TROUBLES: readonly string[] = ["ProvisionerKeyFailed", "SecretForeign"];

/** Makes the step; it remembers what it left, for the record is stored by the pass. */
export function keysStep(): VisitStep {
  const memories = new Map<string, Memory>();
  return {
    name: "Keys",
    async run(visit, tools) {
      const uid = visit.object.metadata.uid ?? "";
      const memory = memories.get(uid) ?? {};
      const base = readRecord(visit.provisioner.status, visit.key.namespace);
      if (memory.last !== undefined && isUnstored(memory.last, base, visit.key.namespace, tools.now())) {
        // To go on from what is stored would be to do it twice, under another name.
        visit.report.lookAgain(UNSTORED_MS);
        const { base: before, outcome, place } = memory.last;
        // The spec may name another place by now, of which that outcome knows nothing.
        const checksum = place === placeOf(visit) ? outcome.checksum : undefined;
        return say(visit, tools, before, { ...outcome, checksum });
      }
      const wants = memory.last?.outcome.wantsListing === true;
      const listing = await keyListing(visit, tools, { record: base, wants });
      const surely = base.intents.some(({ step }) => step === "Retiring");
      const rolled = await rolledWith(visit, tools, surely);
      const ports = keyPorts(visit, tools, {
        known: memory.secret,
        rolled: rolled !== undefined && readsFromPlace(visit, tools),
      });
      const outcome = await keepKey(
        {
          wanted: keyWanted(visit),
          record: base,
          listing,
          rolledWith: rolled,
          entitled: visit.entitled,
          closed: visit.closed,
          now: tools.now(),
          awaited: memory.last?.outcome.awaited,
        },
        ports,
        { signal: visit.signal, random: tools.random, clock: () => tools.now() },
      );
      memories.set(uid, {
        last: { base, outcome, place: placeOf(visit), at: tools.now().getTime() },
        secret: ports.known,
      });
      for (const { message, reason, type } of outcome.events) {
        tools.events.event(visit.object, type, reason, tools.redact(message), "KeepKey");
      }
      say(visit, tools, base, outcome);
      // Where one was asked for already, it was told when to ask again.
      if (outcome.wantsListing && !wants) visit.report.lookAgain(LISTING_MS);
    },
    async end(visit, tools) {
      const uid = visit.object.metadata.uid ?? "";
      const { ending } = memories.get(uid) ?? {};
      await endKeys(visit, tools, ending, (ending) => void memories.set(uid, { ending }));
    },
    forget: (uid) => void memories.delete(uid),
  };
}

/** Where the spec wants the key: Secret and data key. */
function placeOf({ provisioner }: Visit): string {
  return JSON.stringify(keySecretRef(provisioner));
}

/** The pods are made from the very place that the spec names now: nobody needs what else is in the Secret. */
function readsFromPlace(visit: Visit, tools: VisitTools): boolean {
  return JSON.stringify(liveKeyRef(ownDeployment(visit, tools))) === placeOf(visit);
}

/**
 * The pass has yet to write what the last visit left. What a status cannot hold does not count. Where somebody else wrote
 * first, the pass puts the names that the visit thought of beside that: they are still to come, unless they got lost.
 */
function isUnstored(
  { at, base, outcome }: NonNullable<Memory["last"]>,
  stored: KeyRecord,
  namespace: string,
  now: Date,
): boolean {
  const before = canonicalJson(base);
  const written = readRecord(fieldsOf(outcome.record, namespace), namespace);
  if (canonicalJson(stored) === before) return canonicalJson(written) !== before;
  const known = [...namesIn(base), ...namesIn(stored)];
  return now.getTime() - at < STORED_MS && namesIn(written).some((name) => !known.includes(name));
}

function namesIn({ present, intents }: KeyRecord): string[] {
  return [...present === undefined ? [] : [present], ...intents].map(({ name }) => name);
}

function fieldsOf(record: KeyRecord, namespace: string): Parameters<typeof readRecord>[0] {
  return JSON.parse(JSON.stringify(writeRecord(record, namespace)));
}

function say(visit: Visit, { redact }: VisitTools, base: KeyRecord, outcome: KeyOutcome): void {
  const { report } = visit;
  const { checksum, key, lookAgainMs, record, secret } = outcome;
  const condition = (type: string, { message, ready, reason }: KeyState) =>
    report.condition({ type, status: ready ? "True" : "False", reason, message: redact(message) });
  condition("ProvisionerKeyReady", key);
  condition("ProvisionerKeySecretReady", secret);
  const isTrouble = ({ ready, reason }: KeyState) =>
    !ready && (TROUBLES.includes(reason) || (reason === "SecretMissing" && bringsSecret(visit.provisioner)));
  const trouble = [key, secret].find(isTrouble);
  if (trouble !== undefined) report.trouble({ reason: trouble.reason, message: redact(trouble.message) });
  if (visit.entitled && record.holds.some(({ reason }) => reason === "NotEntitled")) {
    sayVerdict(visit, REFUSED);
  }
  if (lookAgainMs !== undefined) report.lookAgain(lookAgainMs);
  visit.keys = { base, mine: record };
  visit.checksum = checksum;
  visit.keyIDs = [record.present, ...record.intents].flatMap((each) =>
    each?.id === undefined ? [] : [each.id]
  );
}
