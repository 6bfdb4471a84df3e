/** One provisioner with everything that it touches, and what must never happen to it. */
import { type CoderProvisioner, CoderProvisioners, parseProvisioner } from "../../src/api/provisioner.ts";
import { Deployments, Secrets } from "../../src/api/kubernetes/resources.ts";
import type { Deployment, Pod } from "../../src/api/kubernetes/types.ts";
import { keyOf, keyText, type ObjectKey } from "../../src/api/object.ts";
import { isControlledBy } from "../../src/kube/apply/owner_references.ts";
import { keySecretName } from "../../src/provisioner/children.ts";
import { provisionerController } from "../../src/provisioner/controller.ts";
import { valueHash } from "../../src/provisioner/keys/hashes.ts";
import { fitsBaseName } from "../../src/provisioner/keys/names.ts";
import { isOwnKeyName, readRecord } from "../../src/provisioner/keys/mod.ts";
import { DAEMON_KEY } from "../../src/provisioner/pod_template.ts";
import { ProvisionerResults } from "../../src/provisioner/results.ts";
import { ROTATE_ANNOTATION } from "../../src/api/provisioner_key.ts";
import { provisionerVisits } from "../../src/provisioner/visits/controller.ts";
import type { Controller } from "../../src/reconciler/controller.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { provisionerName } from "../../src/workload/names.ts";
import { conditionOf } from "../../src/workload/conditions.ts";
import type { FakeProvisionerKey } from "../fake-coder/state.ts";
import { addOrganization } from "../fake-coder/mod.ts";
import { Ground } from "./ground.ts";
import type { Change } from "./model_api.ts";
import { credentialSource, isReady } from "./model_cluster.ts";
import type { CoderCall, ModelCoder } from "./model_coder.ts";
import type { Parts } from "./operator_process.ts";
import { coderAt, PLANES, Planes, secretText, TEAM } from "./world.ts";

export const PROVISIONER: ObjectKey = { namespace: TEAM, name: "prov" };
/** The Secret that the user brings. */
export const BROUGHT: ObjectKey = { namespace: TEAM, name: "brought" };
export const ORGANIZATIONS = ["default", "eng", "ops"] as const;

/** Stored objects never change, so that each is read once. */
const places = new WeakMap<CoderProvisioner, { secret: ObjectKey; key: string }>();

/** More keys on record than any course of events explains. */
const MOST_INTENTS = 15;

const KEYS = /^\/api\/v2\/organizations\/([^/]+)\/provisionerkeys(?:\/([^/]+))?$/;

/** See the file's head. */
export class ProvisionerWorld {
  readonly ground: Ground;
  readonly planes: Planes;
  #uid = "";
  /** A new key is needed, or was needed as far as somebody may still believe. */
  #neededLately = true;
  /** Somebody damaged keys or Secrets, and it is not healed yet. */
  damaged = false;
  /** Values that somebody else than the operator put into a Secret since then. */
  readonly #tainted = new Set<string>();
  /** Values that somebody else made worthless, perhaps before anybody used them. */
  readonly ruined = new Set<string>();
  /** As the Secret once was, for those who restore it. */
  readonly backups: Readonly<Record<string, unknown>>[] = [];
  /** How many keys were made, and deleted, by the operator. */
  readonly figures = { made: 0, deleted: 0 };

  constructor(seed: number) {
    const ground = this.ground = new Ground({
      seed,
      coders: Object.keys(PLANES),
      coderAt,
      credentials: [DAEMON_KEY],
      works: (credential, pod) => this.works(credential, pod),
      controllers: provisionerControllers,
    });
    this.planes = new Planes(ground);
    for (const coder of ground.coders.values()) {
      for (const name of ORGANIZATIONS.slice(1)) addOrganization(coder.state, name);
      coder.watch = (call) => this.#onCall(coder, call);
    }
    ground.api.onChange((change) => this.#onChange(change));
    ground.check = () => this.check();
  }

  /** A user creates it. */
  create(spec: Partial<NonNullable<CoderProvisioner["spec"]>> = {}): void {
    const made = this.ground.api.create(CoderProvisioners, {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderProvisioner",
      metadata: { ...PROVISIONER },
      spec: { controlPlaneRef: { name: "a" }, replicas: 2, tags: { region: "eu" }, ...spec },
    }, "user");
    this.#uid = made.metadata.uid ?? "";
  }

  get object(): CoderProvisioner | undefined {
    return this.ground.api.find(CoderProvisioners, PROVISIONER);
  }

  /** Also when it is gone. */
  get uid(): string {
    return this.#uid;
  }

  get deployment(): Deployment | undefined {
    return this.ground.api.find(Deployments, { namespace: TEAM, name: provisionerName(PROVISIONER.name) });
  }

  /** The Coder that the spec names. */
  get coder(): ModelCoder {
    return this.ground.coder(this.object?.spec?.controlPlaneRef?.name ?? "a");
  }

  /** The Secret that the spec wants. */
  get wantedSecret(): { secret: ObjectKey; key: string } | undefined {
    const { object } = this;
    if (object === undefined) return undefined;
    let place = places.get(object);
    if (place === undefined) {
      const provisioner = parseProvisioner(object);
      const secret = { namespace: TEAM, name: keySecretName(provisioner) };
      places.set(object, place = { secret, key: provisioner.spec.key.secretKey });
    }
    return place;
  }

  /** The Secret that the pods are made from. */
  get usedSecret(): { secret: ObjectKey; key: string } | undefined {
    const source = credentialSource(this.deployment?.spec?.template.spec, [DAEMON_KEY]);
    return source && { secret: { namespace: TEAM, name: source.name }, key: source.key };
  }

  textIn(place: { secret: ObjectKey; key: string } | undefined): string | undefined {
    return place && secretText(this.ground, place.secret, place.key);
  }

  keyOfValue(value: string | undefined): { key: FakeProvisionerKey; coder: ModelCoder } | undefined {
    for (const coder of this.ground.coders.values()) {
      const key = coder.state.provisionerKeys.find(({ secret }) => secret === value);
      if (key !== undefined) return { key, coder };
    }
    return undefined;
  }

  /** Keys that the operator made for this provisioner, wherever they are. */
  get ownKeys(): { key: FakeProvisionerKey; coder: ModelCoder }[] {
    const { uid } = this;
    return [...this.ground.coders.values()].flatMap((coder) =>
      coder.state.provisionerKeys.filter(({ name }) => isOwnKeyName(name, uid)).map((key) => ({ key, coder }))
    );
  }

  /** Whether a daemon with that key can sign in where its pod is told to. */
  works(credential: string, { spec }: Pod): boolean {
    const url = spec?.containers[0]?.env?.find(({ name }) => name === "CODER_URL")?.value ?? "";
    const found = this.keyOfValue(credential);
    return found !== undefined && URL.canParse(url) && found.coder.name === coderAt(url);
  }

  /** Somebody puts this into a Secret, or takes it away: what follows is not the operator's doing. */
  taint(value: string | undefined): void {
    if (value !== undefined) this.#tainted.add(value);
  }

  /** What is wrong now. Empty while somebody's damage is not healed. */
  check(): void {
    const { length } = this.object?.status?.keyIntents ?? [];
    if (length > MOST_INTENTS) this.ground.wrong(`${length} keys are on record beside the present one`);
    if (this.#isNewKeyNeeded()) this.#neededLately = true;
    else if (this.ground.isQuiet) this.#neededLately = false;
    // Nobody could know that before it was used.
    if (this.ruined.has(this.textIn(this.usedSecret) ?? "")) this.damaged = true;
    // What was read before somebody put it right again may still decide: Coder and Secrets have no moment in common.
    if (this.damaged && this.ground.isQuiet && this.isHealthy()) {
      this.damaged = false;
      this.#tainted.clear();
    }
    if (this.damaged) return;
    const used = this.usedSecret;
    if (used !== undefined && this.keyOfValue(this.textIn(used)) === undefined) {
      this.ground.wrong(`the Secret of the pods, ${keyText(used.secret)}, holds no valid key`);
    }
    for (const { pod, facts } of this.ground.cluster.pods()) {
      if (isReady(pod) && this.keyOfValue(facts.credential) === undefined) {
        this.ground.wrong(`pod ${pod.metadata.name} is ready and has no valid key`);
      }
    }
  }

  /** The key in the Secret is not as the spec wants it, somebody asks for another one, or may do so by the age of this one. */
  #isNewKeyNeeded(): boolean {
    const { object, wantedSecret } = this;
    if (object === undefined || this.damaged) return true;
    const { metadata, spec, status } = parseProvisioner(object);
    if (spec.key.existingSecret) return false;
    const found = this.keyOfValue(this.textIn(wantedSecret));
    if (found === undefined || found.coder !== this.coder || spec.key.rotateAfter) return true;
    const { key } = found;
    const { present, rotation } = readRecord(status, TEAM);
    const asked = metadata.annotations?.[ROTATE_ANNOTATION];
    return key.organization !== this.coder.state.organization(spec.organizationName || "default")?.id ||
      !sameTags(key.tags, spec.tags) || present?.name !== key.name ||
      !fitsBaseName(key.name, spec.key.name || PROVISIONER.name, this.uid) ||
      (asked !== undefined && asked !== rotation);
  }

  /** All that runs, or may start, has a valid key, and the operator knows that it has. */
  isHealthy(): boolean {
    const { object, ground } = this;
    const isGood = (value: string | undefined) => this.keyOfValue(value) !== undefined;
    const recorded = object?.status?.provisionerKeyName;
    const isOnRecord = recorded === undefined ||
      this.keyOfValue(this.textIn(this.wantedSecret))?.key.name === recorded;
    return isOnRecord && isGood(this.textIn(this.usedSecret)) && isGood(this.textIn(this.wantedSecret)) &&
      ground.cluster.pods().every(({ facts }) =>
        facts.credential === undefined || isGood(facts.credential)
      ) &&
      ["ProvisionerKeyReady", "Ready"].every((type) => {
        const condition = conditionOf(object?.status?.conditions, type);
        return condition?.status === "True" && condition.observedGeneration === object?.metadata.generation;
      });
  }

  /** What is not as the spec asks for, or too much. */
  unfinished(): string[] {
    const { object, deployment, ground, wantedSecret } = this;
    if (object === undefined || wantedSecret === undefined) return ["the provisioner is gone"];
    const wrong: string[] = [];
    const { spec, metadata } = parseProvisioner(object);
    const record = readRecord(parseProvisioner(object).status, TEAM);
    const brought = (spec.key.existingSecret ?? "") !== "";
    const value = this.textIn(wantedSecret);
    const own = this.ownKeys;
    if (record.intents.length > 0) {
      wrong.push(`intents: ${record.intents.map(({ name, step }) => `${step} ${name}`)}`);
    }
    if (own.length !== (brought ? 0 : 1)) wrong.push(`${own.length} keys: ${own.map(({ key }) => key.name)}`);
    const ready = conditionOf(object.status?.conditions, "Ready");
    if (ready?.status !== "True") {
      wrong.push(`Ready is ${ready?.status}: ${ready?.reason}: ${ready?.message}`);
    }
    if (object.status?.observedGeneration !== metadata.generation) {
      wrong.push("the generation is not observed");
    }
    const holder = this.keyOfValue(value);
    if (holder === undefined) wrong.push("the Secret holds no valid key");
    if (!brought && holder !== undefined) {
      const organization = this.coder.state.organization(spec.organizationName || "default");
      if (holder.coder !== this.coder) wrong.push(`the key is of Coder ${holder.coder.name}`);
      if (holder.key.organization !== organization?.id) wrong.push("the key is of another organization");
      if (!sameTags(holder.key.tags, spec.tags)) {
        wrong.push(`the key has tags ${JSON.stringify(holder.key.tags)}`);
      }
      if (record.present?.name !== holder.key.name) wrong.push(`on record is ${record.present?.name}`);
      if (record.present?.valueHash !== valueHash(value ?? "")) wrong.push("another hash is on record");
    }
    wrong.push(...this.#unfinishedPods(deployment, spec.replicas, value));
    const left = ground.api.list(Secrets, TEAM).filter((secret) =>
      isControlledBy(secret, object) && (brought || secret.metadata.name !== wantedSecret.secret.name)
    );
    if (left.length > 0) wrong.push(`Secrets are left: ${left.map((secret) => secret.metadata.name)}`);
    return wrong;
  }

  /** What is left of it after it has gone. */
  leftovers(): string[] {
    const { ground } = this;
    const left = [...ground.api.everything()]
      .filter(({ object }) => JSON.stringify(object.metadata).includes(this.#uid))
      .map(({ type, object }) => `${type.kind} ${object.metadata.name} is left`);
    const lost = ["KeyAbandoned", "KeyNotRevoked"].some((reason) => ground.told.has(reason));
    const keys = lost ? [] : this.ownKeys.map(({ key }) => `key ${key.name} is left, and nobody was told`);
    return [...left, ...keys];
  }

  #unfinishedPods(deployment: Deployment | undefined, replicas: number, value: string | undefined): string[] {
    if (deployment === undefined) return ["there is no Deployment"];
    const wrong: string[] = [];
    if (deployment.spec?.replicas !== replicas) {
      wrong.push(`${deployment.spec?.replicas} of ${replicas} replicas`);
    }
    const { object, wantedSecret, usedSecret } = this;
    const container = deployment.spec?.template.spec?.containers[0];
    if (object?.spec?.image !== undefined && container?.image !== object.spec.image) {
      wrong.push(`the image is ${container?.image}`);
    }
    if (JSON.stringify(usedSecret) !== JSON.stringify(wantedSecret)) {
      wrong.push(`pods are made from ${JSON.stringify(usedSecret)}`);
    }
    const pods = this.ground.cluster.pods();
    const good = pods.filter(({ pod, facts }) => isReady(pod) && facts.credential === value);
    if (good.length !== replicas || pods.length !== replicas) {
      wrong.push(`${good.length} of ${pods.length} pods run with the key, ${replicas} are wanted`);
    }
    return wrong;
  }

  #onChange({ type, kind, object, before, by }: Change): void {
    const { ground, usedSecret } = this;
    if (type !== Secrets) return;
    if (kind === "MODIFIED" || kind === "ADDED") this.#remember(object);
    if (!by.startsWith("operator")) return;
    if (keyText(keyOf(object)) === keyText(BROUGHT)) {
      return ground.wrong("the operator wrote the Secret of the user");
    }
    const isUsed = usedSecret !== undefined && keyText(usedSecret.secret) === keyText(keyOf(object));
    if (kind === "DELETED" && isUsed && this.object?.metadata.deletionTimestamp === undefined) {
      return ground.wrong("the operator deleted the Secret that pods are made from");
    }
    if (kind === "DELETED") return;
    const [was, is] = [before, object].map((secret) => texts(secret));
    for (const [name, value] of Object.entries(is ?? {})) {
      if (was?.[name] === value) continue;
      if (this.ruined.has(value)) this.damaged = true;
      if (this.keyOfValue(value) === undefined && !this.damaged) {
        ground.wrong("the operator wrote a value that is no valid key into a Secret");
      }
    }
  }

  #remember(object: unknown): void {
    const secret = object as { metadata: { name?: string }; data?: Record<string, string> };
    if (secret.metadata.name === this.wantedSecret?.secret.name && secret.metadata.name !== BROUGHT.name) {
      this.backups.push(structuredClone(secret));
    }
  }

  #onCall(coder: ModelCoder, { method, path, body, late }: CoderCall): void {
    const [, organization = "", name = ""] = KEYS.exec(path) ?? [];
    if (organization === "") return;
    if (method === "POST") this.#onMaking(body as { name: string }, late);
    if (method === "DELETE") this.#onDeleting(coder, organization, decodeURIComponent(name));
  }

  #onMaking({ name }: { name: string }, late: boolean): void {
    this.figures.made++;
    // Whoever asked has given up since, and what is on record may have changed.
    if (late) return;
    if (!this.#neededLately) this.ground.wrong(`key ${name} is made for nothing`);
    const record = readRecord(this.object?.status ?? {}, TEAM);
    const intent = record.intents.find((each) => each.name === name);
    if (intent?.step !== "Making") this.ground.wrong(`key ${name} is made without an intent on record`);
  }

  #onDeleting(coder: ModelCoder, organization: string, name: string): void {
    const { ground, object, uid } = this;
    const id = coder.state.organization(organization)?.id;
    const key = coder.state.provisionerKeys.find((each) => each.name === name && each.organization === id);
    if (key === undefined) return;
    this.figures.deleted++;
    if (!isOwnKeyName(name, uid)) return ground.wrong(`key ${name} of somebody else is deleted`);
    if (this.#tainted.has(key.secret)) return;
    const deleted = Date.parse(object?.metadata.deletionTimestamp ?? "");
    const grace = (object?.spec?.terminationGracePeriodSeconds ?? 600) * 1_000;
    const users = ground.cluster.pods().filter(({ facts }) => facts.credential === key.secret);
    if (users.length > 0 && !(ground.clock.now() - deleted > grace)) {
      const names = users.map(({ pod }) => pod.metadata.name);
      ground.wrong(`key ${name} is deleted, which pods use: ${names}`);
    }
    if (!Number.isNaN(deleted)) return;
    for (const place of [this.usedSecret, this.wantedSecret]) {
      if (place !== undefined && this.textIn(place) === key.secret) {
        ground.wrong(`key ${name} is deleted, which is in the Secret ${keyText(place.secret)}`);
      }
    }
  }
}

function texts(secret: unknown): Record<string, string> {
  const { data = {} } = (secret ?? {}) as { data?: Record<string, string> };
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, atob(value)]));
}

function sameTags(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): boolean {
  const sorted = (tags: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(tags).sort());
  return sorted(left) === sorted(right);
}

/** As the composition root makes them. */
function provisionerControllers(parts: Parts): Controller[] {
  const { access, applier, cache, client, clock, kinds, listings, now, random, recorder } = parts;
  const results = new ProvisionerResults();
  const controller = { clock, random };
  const redact = (text: string) => text;
  const passes = provisionerController({
    client,
    cache,
    applier,
    recorder,
    log: silentLogger,
    redact,
    results,
    controller,
    reconciler: { now },
  });
  const visits = provisionerVisits({
    tools: {
      client,
      applier,
      kinds,
      events: recorder,
      redact,
      keepSecret: () => {},
      now,
      random,
      access,
      listings,
    },
    results,
    onNews: (key) => passes.enqueue(key),
    log: silentLogger,
    controller,
  });
  return [passes, visits];
}
