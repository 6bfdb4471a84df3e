/**
 * A provisioner with all that its keys touch, in memory: its status, its Secrets, its Deployment and pods, and two Coder
 * deployments. Every deed is checked against what must never happen. For tests alone.
 */
import { parseProvisioner, type ProvisionerStatus } from "../../../api/provisioner.ts";
import { canonicalJson } from "../../../kube/apply/canonical_json.ts";
import { below, pick } from "../../../telemetry/testing/random.ts";
import { h32 } from "../../../workload/hash.ts";
import { secretAnnotations, secretView, templateChecksum, valueHash } from "../hashes.ts";
import { keepKey, type KeyOutcome } from "../keep.ts";
import { mergeRecords } from "../merge.ts";
import { isOwnKeyName } from "../names.ts";
import type { CoderWay, KeyPorts } from "../ports.ts";
import { readRecord, writeRecord } from "../record_status.ts";
import { revokeKeys, type RevokeOutcome } from "../revoke.ts";
import type { KeyHome, KeyListing, KeyRecord, KeyWanted } from "../types.ts";
import { ModelCoder, type ModelKey } from "./model_coder.ts";

/** The process ended here. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** Which call to the world it is, counted from 1, and whether it was carried out. */
export interface CrashAt {
  readonly call: number;
  readonly done: boolean;
}

export interface ModelSecret {
  value: string | undefined;
  annotations: Record<string, string>;
}

/** A pod took the key at its container's start, and keeps it. */
export interface ModelPod {
  readonly checksum: string;
  /** The Secret that its template names. */
  readonly secret: ModelSecret;
  value: string;
  ready: boolean;
  ending: boolean;
}

/** The spec, as far as keys go. */
export interface ModelSpec {
  baseName: string;
  organization: string;
  tags: Record<string, string>;
  coder: "a" | "b";
  rotateAfterMs?: number | undefined;
  rotate?: string | undefined;
  existingSecret: boolean;
}

const NAMESPACE = "ns";
const UID = "0b6a4b3c-uid";

/** See the file's head. */
export class World {
  now = Date.parse("2026-01-01T00:00:00Z");
  /** How long calls to Coder take, in milliseconds. */
  callMs = 0;
  spec: ModelSpec = {
    baseName: "prov",
    organization: "default",
    tags: { region: "eu" },
    coder: "a",
    existingSecret: false,
  };
  status: ProvisionerStatus = {};
  /** The status before the last write: what a cache may still have. */
  before: ProvisionerStatus = {};
  readonly managed: ModelSecret = { value: undefined, annotations: {} };
  readonly byo: ModelSecret = { value: undefined, annotations: {} };
  /** Secrets as they once were, for those who restore them. */
  readonly backups: ModelSecret[] = [];
  template: string | undefined;
  /** The Secret that the template names. */
  used: ModelSecret = this.managed;
  /** The record was lost: keys may be on none until they are found again. */
  recordLost = false;
  pods: ModelPod[] = [];
  replicas = 2;
  readonly coders: Readonly<Record<"a" | "b", ModelCoder>>;
  /** The operator's token for each deployment. */
  readonly tokens = { a: 1, b: 1 };
  readonly urls = { a: "http://a", b: "http://b" };
  /** The control plane is gone for good. */
  readonly gone = { a: false, b: false };
  /** The operator knows that Coder is not ready. */
  readonly closed = { a: false, b: false };
  readonly listings = new Map<string, KeyListing>();
  /** The API server refuses to write Secrets, so many times; `done`: it does so and its answer is lost. */
  secretFaults: ("refused" | "answer lost")[] = [];
  /** So many reads of the Secret after the first of a pass fail. */
  unreadable = 0;
  foreign = false;
  /** What was done wrong. */
  readonly violations: string[] = [];
  /** Writes of the status. */
  writes = 0;
  /** Somebody damaged the keys or the Secret, and it is not healed yet. */
  damaged = false;
  deleting = false;
  outcome: KeyOutcome | undefined;
  readonly events: string[] = [];

  constructor(readonly random: () => number) {
    const watch = {
      created: (key: ModelKey) => this.#onCreated(key),
      deleting: (key: ModelKey) => this.#onDeleting(key),
    };
    this.coders = {
      a: new ModelCoder("a", () => this.now, watch),
      b: new ModelCoder("b", () => this.now, watch),
    };
  }

  get coder(): ModelCoder {
    return this.coders[this.spec.coder];
  }

  get secret(): ModelSecret {
    return this.spec.existingSecret ? this.byo : this.managed;
  }

  get record(): KeyRecord {
    return recordOf(this.status);
  }

  get wanted(): KeyWanted {
    const { spec } = this;
    return {
      uid: UID,
      baseName: spec.baseName,
      organization: { name: spec.organization, id: this.coder.organizations.get(spec.organization) },
      tags: spec.tags,
      home: this.home(spec.coder),
      rotateAfterMs: spec.rotateAfterMs,
      rotate: spec.rotate,
      existingSecret: spec.existingSecret,
      credentials: String(this.tokens[spec.coder]),
    };
  }

  home(coder: "a" | "b"): KeyHome {
    return {
      namespace: coder === "a" ? NAMESPACE : "elsewhere",
      name: coder,
      deploymentId: `deployment-${coder}`,
      url: this.urls[coder],
      tokenSecret: { name: `${coder}-operator-token`, key: "token" },
    };
  }

  /** Keys of this provisioner that exist, whoever deployed the Coder. */
  get ownKeys(): ModelKey[] {
    return [this.coders.a, this.coders.b].flatMap(({ keys }) => keys)
      .filter(({ name }) => isOwnKeyName(name, UID) || name === "prov");
  }

  isValid(value: string | undefined): boolean {
    return value !== undefined && [this.coders.a, this.coders.b].some((coder) => coder.hasValue(value));
  }

  /** The shared list of the wanted organization is taken again. */
  refreshListing(): void {
    const { coder, organization } = this.spec;
    const listing = this.coder.listing(organization, this.tokens[coder]);
    if (listing !== undefined) this.listings.set(this.#listingKey, listing);
  }

  get #listingKey(): string {
    return `${this.spec.coder} ${this.spec.organization}`;
  }

  /** The checksum that all pods run with. */
  get rolledWith(): string | undefined {
    const { template, pods, replicas } = this;
    const all = pods.every((pod) => pod.checksum === template && pod.ready && !pod.ending);
    return all && pods.length === replicas ? template : undefined;
  }

  /** One pass of the reconciler. Returns false where it crashed. */
  async pass({ crash, stale = false }: { crash?: CrashAt; stale?: boolean } = {}): Promise<boolean> {
    const read = stale ? this.before : this.status;
    const base = recordOf(read);
    const signal = new AbortController().signal;
    try {
      const { ports, step } = this.#ports(crash);
      const outcome = await keepKey(
        {
          wanted: this.wanted,
          record: base,
          listing: this.listings.get(this.#listingKey),
          rolledWith: this.rolledWith,
          entitled: this.coder.entitled,
          closed: this.closed[this.spec.coder] ? "Coder is not ready" : undefined,
          now: new Date(this.now),
          awaited: this.outcome?.awaited,
        },
        ports,
        { signal, random: this.random, clock: () => new Date(this.now + this.callMs) },
      );
      this.outcome = outcome;
      step(() => this.#store(base, outcome.record));
      step(() => this.#deploy(outcome));
      this.events.push(...outcome.events.map(({ reason }) => reason));
      if (outcome.wantsListing) this.refreshListing();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      return false;
    }
    return true;
  }

  /** As {@linkcode pass}, again as long as it asks for that. */
  async passes(): Promise<void> {
    do await this.pass(); while (this.outcome?.again);
  }

  /** One pass of the reconciler after the provisioner was deleted. */
  async revoke(
    options: { since: number; giveUp?: boolean; crash?: CrashAt },
  ): Promise<RevokeOutcome | undefined> {
    this.deleting = true;
    const { ports, step } = this.#ports(options.crash);
    try {
      const base = this.record;
      const outcome = await revokeKeys(
        {
          record: base,
          known: { wanted: this.wanted, listing: this.listings.get(this.#listingKey) },
          since: new Date(options.since),
          now: new Date(this.now),
          giveUp: options.giveUp,
        },
        ports,
        { signal: new AbortController().signal, random: this.random },
      );
      step(() => this.#store(base, outcome.record));
      return outcome;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      return undefined;
    }
  }

  /** The Deployment controller and the kubelets do one thing. */
  roll(): void {
    const { template, random, replicas } = this;
    if (template === undefined) return;
    const live = this.pods.filter(({ ending }) => !ending);
    const fresh = live.filter(({ checksum }) => checksum === template);
    const surplus = [...live.filter(({ checksum }) => checksum !== template), ...fresh.slice(replicas)];
    const secret = this.used;
    const { value } = secret;
    const moves: (() => void)[] = [];
    if (fresh.length < replicas && live.length <= replicas && value !== undefined) {
      moves.push(() => this.pods.push({ checksum: template, secret, value, ready: false, ending: false }));
    }
    const starting = fresh.filter(({ ready }) => !ready);
    if (starting.length > 0) moves.push(() => pick(random, starting).ready = true);
    const excess = surplus.find(({ ready }) => !ready) ?? surplus[0];
    const ready = live.filter((pod) => pod.ready).length;
    if (excess !== undefined && (!excess.ready || ready > replicas || live.length > replicas + 1)) {
      moves.push(() => excess.ending = true);
    }
    const ending = this.pods.findIndex((pod) => pod.ending);
    if (ending >= 0) moves.push(() => this.pods.splice(ending, 1));
    if (moves.length > 0) pick(random, moves)();
  }

  /** Until nothing is left to be rolled. */
  rollOut(): void {
    for (let i = 0; i < 100 && this.rolledWith === undefined; i++) this.roll();
  }

  /** A container dies, and its successor reads the Secret anew. */
  restartContainer(): void {
    const pod = this.pods[below(this.random, this.pods.length || 1)];
    if (pod?.secret.value !== undefined) pod.value = pod.secret.value;
  }

  /** As the Go operator leaves a provisioner that works. */
  takeOver(): ModelKey {
    const key = this.coders.a.add("prov", "org-default", { ...this.spec.tags });
    this.managed.value = key.value;
    this.status = this.before = {
      observedGeneration: 2,
      organizationID: "org-default",
      organizationName: "default",
      provisionerKeyID: key.id,
      provisionerKeyName: "prov",
      tagsHash: h32(Object.entries(this.spec.tags).map(([name, value]) => `${name}\0${value}\0`).join("")),
      controlPlaneRefName: "a",
      controlPlaneURL: this.urls.a,
      secretRef: { name: "prov-provisioner-key", key: "key" },
    };
    this.template = h32(key.value);
    this.rollOut();
    return key;
  }

  #ports(crash: CrashAt | undefined): { ports: KeyPorts; step: <T>(deed: () => T) => T } {
    let calls = 0;
    let reads = 0;
    let dead = false;
    const step = <T>(deed: () => T): T => {
      if (dead) throw new Crash();
      const here = crash?.call === ++calls;
      if (here) dead = true;
      if (here && !crash.done) throw new Crash();
      const result = deed();
      if (here) throw new Crash();
      return result;
    };
    const async_ = <T>(deed: () => Promise<T>): Promise<T> => {
      if (dead) return Promise.reject(new Crash());
      const here = crash?.call === ++calls;
      if (here) dead = true;
      if (here && !crash.done) return Promise.reject(new Crash());
      return here ? deed().then(die, die) : deed();
    };
    const die = (): never => {
      throw new Crash();
    };
    return {
      step,
      ports: {
        storedRecord: () => async_(() => Promise.resolve(this.deleting ? undefined : this.record)),
        readSecret: () =>
          async_(() => {
            if (reads++ > 0 && this.unreadable-- > 0) return Promise.reject(new Error("no answer"));
            const { value, annotations } = this.secret;
            return Promise.resolve(
              this.foreign
                ? { state: "foreign", message: "it belongs to somebody else" }
                : secretView(value, annotations),
            );
          }),
        writeSecret: (key) => async_(() => this.#write(key)),
        coder: (home) => {
          if (dead) return Promise.reject(new Crash());
          return Promise.resolve(this.#way(home, async_));
        },
      },
    };
  }

  #way(home: KeyHome, around: <T>(deed: () => Promise<T>) => Promise<T>): CoderWay {
    const name = home.name === "a" || home.name === "b" ? home.name : "a";
    if (this.gone[name]) return { way: "gone", message: `control plane ${name} is gone` };
    if (this.closed[name]) return { way: "closed", message: "Coder is not ready" };
    const calls = this.coders[name].client(this.tokens[name]);
    return {
      way: "open",
      deploymentId: `deployment-${name}`,
      keys: {
        createKey: (...given) => around(() => calls.createKey(...given)),
        deleteKey: (...given) => around(() => calls.deleteKey(...given)),
        listKeys: (...given) => around(() => calls.listKeys(...given)),
      },
    };
  }

  #write({ name, value }: { name: string; value: string }): Promise<void> {
    if (this.spec.existingSecret || this.foreign) this.violations.push("wrote a Secret of somebody else");
    if (!this.isValid(value)) this.violations.push(`wrote ${value} into the Secret, which is not valid`);
    const fault = this.secretFaults.shift();
    if (fault === "refused") return Promise.reject(new Error("the API server refuses"));
    if (this.managed.value !== undefined) this.backups.push(structuredClone(this.managed));
    this.managed.value = value;
    Object.assign(this.managed.annotations, secretAnnotations(name, value));
    return fault === undefined ? Promise.resolve() : Promise.reject(new Error("the connection broke"));
  }

  #store(base: KeyRecord, mine: KeyRecord): void {
    const merged = mergeRecords({ base, mine, theirs: this.record });
    const fields = writeRecord(merged, NAMESPACE);
    const next = JSON.parse(JSON.stringify({ ...this.status, ...fields })) as ProvisionerStatus;
    if (canonicalJson(next) === canonicalJson(this.status)) return;
    this.before = this.status;
    this.status = next;
    this.writes++;
    const { record } = this;
    const named = [record.present, ...record.intents].map((key) => key?.name);
    const held = this.managed.annotations["coder.com/provisioner-key-name"];
    for (const { name } of this.deleting || this.recordLost ? [] : this.ownKeys) {
      if (!named.includes(name) && name !== held) this.violations.push(`key ${name} is on no record`);
    }
  }

  #deploy({ checksum }: KeyOutcome): void {
    if (checksum === undefined) return;
    this.template = templateChecksum(checksum, this.template);
    this.used = this.secret;
  }

  #onCreated({ name }: ModelKey): void {
    const intent = this.record.intents.find((each) => each.name === name);
    if (intent?.step !== "Making") this.violations.push(`made key ${name} without an intent on record`);
    if (name.length > 64) this.violations.push(`made key ${name}, which is too long a name`);
  }

  #onDeleting({ name, value }: ModelKey): void {
    if (!isOwnKeyName(name, UID) && name !== "prov") this.violations.push(`deleted ${name} of somebody else`);
    if (this.deleting) return;
    if (this.used.value === value) this.violations.push(`deleted key ${name}, which is in the Secret`);
    if (this.pods.some((pod) => pod.value === value)) {
      this.violations.push(`deleted key ${name}, which pods use`);
    }
  }

  /** What is wrong now, beside what was done wrong. Empty while somebody's damage is not healed. */
  wrong(): string[] {
    const { used, pods, damaged } = this;
    if (damaged) return [];
    const wrong: string[] = [];
    if (used.value !== undefined && !this.isValid(used.value)) {
      wrong.push("the Secret holds no valid key");
    }
    if (pods.some((pod) => pod.ready && !this.isValid(pod.value))) wrong.push("a ready pod has no valid key");
    return wrong;
  }

  /** True where the keys in the Secrets, that of the pods and that of the spec, and those of all pods are valid. */
  get isHealthy(): boolean {
    const { used, pods } = this;
    return this.isValid(used.value) && this.isValid(this.secret.value) &&
      pods.every(({ value, secret }) => this.isValid(value) && this.isValid(secret.value));
  }

  /** Checks the end: one key, in the Secret, as the spec has it, in all pods; nothing else. */
  unfinished(): string[] {
    const { spec, record, secret } = this;
    const wrong: string[] = [];
    if (record.intents.length > 0) wrong.push(`intents left: ${JSON.stringify(record.intents)}`);
    const own = this.ownKeys;
    if (own.length !== (spec.existingSecret ? 0 : 1)) {
      wrong.push(`${own.length} keys: ${own.map((key) => key.name)}`);
    }
    if (!this.isValid(secret.value)) wrong.push("the Secret holds no valid key");
    if (this.pods.some(({ value }) => value !== secret.value)) wrong.push("pods run with another key");
    if (this.rolledWith === undefined) wrong.push("pods are not rolled");
    if (this.outcome?.key.ready !== true) wrong.push(`not ready: ${JSON.stringify(this.outcome?.key)}`);
    if (spec.existingSecret) return wrong;
    const [key] = own;
    if (key?.value !== secret.value) wrong.push("the key is not the one in the Secret");
    const organization = this.coder.organizations.get(spec.organization);
    if (key === undefined || !this.coder.keys.includes(key) || key.organization !== organization) {
      wrong.push("the key is elsewhere");
    }
    if (canonicalJson(key?.tags) !== canonicalJson(spec.tags)) wrong.push("the key has other tags");
    if (record.present?.name !== key?.name) wrong.push("the record has another key");
    if (record.present?.valueHash !== valueHash(secret.value ?? "")) {
      wrong.push("the record has another hash");
    }
    return wrong;
  }
}

const records = new WeakMap<ProvisionerStatus, KeyRecord>();

/** The record in a status, which has to be of the form that the API has. */
function recordOf(status: ProvisionerStatus): KeyRecord {
  let record = records.get(status);
  if (record === undefined) {
    const object = { metadata: {}, spec: { controlPlaneRef: { name: "a" } }, status };
    records.set(status, record = readRecord(parseProvisioner(object).status, NAMESPACE));
  }
  return record;
}
