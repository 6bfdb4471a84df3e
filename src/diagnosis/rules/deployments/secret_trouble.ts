/** What is wrong with Secrets that something needs: as they are, and as the kubelet says of pods that wait for them. */
import type { Facts } from "../../facts.ts";
import { list, record, text } from "../../foreign.ts";
import type { SecretFacts } from "../../kubernetes_facts.ts";
import { subjectOwner } from "../../owner_view.ts";
import { quoteNow } from "../../owner_steps.ts";
import { eventEvidence } from "../../pods/event_view.ts";
import { eventsOfPod, podFacts } from "../../pods/pod_facts.ts";
import { provisionerView } from "../../provisioner_view.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence } from "../../types.ts";

/** A Secret that is not there, or lacks something. */
export interface SecretTrouble {
  readonly kind: "missing" | "wrongKey" | "empty";
  readonly namespace: string;
  readonly name: string;
  /** Key that is needed; empty where the whole Secret is missing, or it is not told. */
  readonly key: string;
  /** All keys that are needed, as far as specs tell; empty: not known, or any will do. */
  readonly needed: readonly string[];
  /** Keys that there are; undefined: not known. */
  readonly keys: readonly string[] | undefined;
  /** Who needs it: `container coder, env X`, `pod lab/coder-0`. */
  readonly usedBy: readonly string[];
  readonly evidence: readonly Evidence[];
}

/** What somebody else makes may come a moment later, such as a certificate; milliseconds. */
const PATIENCE_MS = 120_000;

const KNOWN = new WeakMap<Facts, readonly SecretTrouble[]>();

/** Each Secret and key once. */
export function secretTroubles(facts: Facts): readonly SecretTrouble[] {
  const known = KNOWN.get(facts);
  if (known !== undefined) return known;
  const merged = new Map<string, SecretTrouble>();
  const all = [...ofSecrets(facts), ...ofPods(facts)].filter((one) => !isProvisionerKey(facts, one));
  for (const one of all) {
    const id = `${one.kind} ${one.namespace}/${one.name}/${one.key}`;
    const before = merged.get(id);
    merged.set(id, before === undefined ? one : together(before, one));
  }
  const read = [...merged.values()];
  KNOWN.set(facts, read);
  return read;
}

/** `provisioner-key-secret` tells of that one, and how to have another key. */
function isProvisionerKey(
  { provisioner, subject }: Facts,
  { name, namespace }: Pick<SecretTrouble, "name" | "namespace">,
): boolean {
  const object = subject.kind === "provisioner" ? valueOf(provisioner) : undefined;
  if (object === undefined) return false;
  const view = provisionerView(object);
  return view.key.secret === name && view.namespace === namespace;
}

function together(a: SecretTrouble, b: SecretTrouble): SecretTrouble {
  return {
    ...a,
    keys: a.keys ?? b.keys,
    needed: [...new Set([...a.needed, ...b.needed])],
    usedBy: [...new Set([...a.usedBy, ...b.usedBy])],
    evidence: [
      ...a.evidence,
      ...b.evidence.filter(({ quote }) => a.evidence.every((one) => one.quote !== quote)),
    ],
  };
}

function ofSecrets(facts: Facts): SecretTrouble[] {
  const isYoung = facts.now - (subjectOwner(facts)?.changedAt ?? 0) < PATIENCE_MS;
  return (valueOf(facts.secrets) ?? [])
    .filter(({ isOptional, usedBy }) => !isOptional && !(isYoung && usedBy.startsWith("spec.expose")))
    .flatMap((secret) => troublesOf(facts, secret));
}

function troublesOf(facts: Facts, secret: SecretFacts): SecretTrouble[] {
  const { namespace, name, isThere, neededKeys, keys, usedBy } = secret;
  const source = `Secret ${namespace}/${name}`;
  const of = { namespace, name, needed: neededKeys, usedBy: [usedBy] };
  if (!isThere) {
    return [{
      ...of,
      kind: "missing",
      key: "",
      keys: undefined,
      evidence: [quoteNow(facts, source, `secrets "${name}" not found`)],
    }];
  }
  const there = Object.keys(keys);
  return neededKeys.filter((key) => !(keys[key]! > 0)).map((key): SecretTrouble => {
    const kind = Object.hasOwn(keys, key) ? "empty" : "wrongKey";
    const quote = kind === "empty"
      ? `${key}: 0 bytes`
      : there.length === 0
      ? "it has no keys"
      : `its keys are ${there.slice(0, 8).join(", ")}`;
    return { ...of, kind, key, keys: there, evidence: [quoteNow(facts, source, quote)] };
  });
}

const NOT_FOUND = /secrets? "([^"]+)" not found/;
const NO_KEY = /couldn't find key (\S+) in Secret (?:([^/\s]+)\/)?(\S+)/;
const NO_FILE = /references non-existent secret key: ([^\s,]+)/;

/** The kubelet's words about pods that wait. */
function ofPods(facts: Facts): SecretTrouble[] {
  const pods = podFacts(facts);
  return pods.current.flatMap((pod) => {
    const waiting = pod.containers.filter(({ state }) => state === "waiting");
    if (waiting.length === 0) return [];
    const states = waiting.filter(({ reason }) => reason === "CreateContainerConfigError").map((
      { about, message, reason },
    ) => ({
      words: message,
      usedBy: `${about} of pod ${pod.ref}`,
      evidence: { source: `${about} of pod ${pod.ref}`, quote: `${reason}: ${message}` },
    }));
    const events = eventsOfPod(pods, pod).filter(({ reason }) =>
      reason === "FailedMount" || reason === "Failed"
    ).map((
      event,
    ) => ({ words: event.message, usedBy: `pod ${pod.ref}`, evidence: eventEvidence(event) }));
    // A volume that could be mounted since is not complained of any more: its containers do not wait for it.
    const isMounting = waiting.some(({ reason }) =>
      reason === "ContainerCreating" || reason === "PodInitializing"
    );
    const told = [
      ...states,
      ...events.filter(({ words }) => isMounting || states.some((one) => words.includes(one.words))),
    ];
    return told.flatMap(({ words, usedBy, evidence }) => {
      const trouble = read(words, pod.namespace, secretOfVolume(facts, pod.name));
      if (trouble === undefined) return [];
      const secret = valueOf(facts.secrets)?.find((one) =>
        one.namespace === trouble.namespace && one.name === trouble.name
      );
      const keys = secret?.isThere === true ? Object.keys(secret.keys) : undefined;
      return [{ ...trouble, needed: [], keys, usedBy: [usedBy], evidence: [evidence] }];
    });
  });
}

type Named = Pick<SecretTrouble, "kind" | "namespace" | "name" | "key">;

function read(words: string, namespace: string, secretOf: (volume: string) => string): Named | undefined {
  const [, missing] = NOT_FOUND.exec(words) ?? [];
  if (missing !== undefined) return { kind: "missing", namespace, name: missing, key: "" };
  const [, key, where, name] = NO_KEY.exec(words) ?? [];
  if (key !== undefined && name !== undefined) {
    return { kind: "wrongKey", namespace: where ?? namespace, name, key };
  }
  const [, file] = NO_FILE.exec(words) ?? [];
  const [, volume = ""] = /volume "([^"]+)"/.exec(words) ?? [];
  const mounted = file === undefined ? "" : secretOf(volume);
  return file === undefined || mounted === ""
    ? undefined
    : { kind: "wrongKey", namespace, name: mounted, key: file };
}

/** The Secret of a pod's volume; empty where it has none of that name. */
function secretOfVolume(facts: Facts, pod: string): (volume: string) => string {
  const raw = list(valueOf(facts.pods)).map(record).find(({ metadata }) => record(metadata)["name"] === pod);
  return (volume) => {
    const found = list(record(raw?.["spec"])["volumes"]).map(record).find(({ name }) => name === volume);
    return text(record(found?.["secret"])["secretName"]);
  };
}

/** `container coder, env X needs it`, or `container coder, env X and 2 more need it`. */
export function neededBy({ usedBy }: SecretTrouble): string {
  const [first = "", ...others] = usedBy;
  return others.length === 0 ? `${first} needs it` : `${first} and ${others.length} more need it`;
}
