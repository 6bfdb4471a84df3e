/** One workspace proxy with everything that it touches, and what must never happen to it. */
import {
  CoderWorkspaceProxies,
  type CoderWorkspaceProxy,
  parseWorkspaceProxy,
} from "../../src/api/workspace_proxy.ts";
import { Deployments, Secrets } from "../../src/api/kubernetes/resources.ts";
import type { Deployment, Pod } from "../../src/api/kubernetes/types.ts";
import { keyOf, keyText, type ObjectKey } from "../../src/api/object.ts";
import { isControlledBy } from "../../src/kube/apply/owner_references.ts";
import type { Controller } from "../../src/reconciler/controller.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { conditionOf } from "../../src/workload/conditions.ts";
import { childName } from "../../src/workspaceproxy/children.ts";
import { proxyController } from "../../src/workspaceproxy/controller.ts";
import { PRIMARY_URL, SESSION_TOKEN } from "../../src/workspaceproxy/pod_template.ts";
import {
  ADOPT_PROXY_ANNOTATION,
  isRegisteredByOperator,
  tokenSecretOf,
} from "../../src/workspaceproxy/registration/mod.ts";
import { ProxyResults } from "../../src/workspaceproxy/results.ts";
import { proxyVisits } from "../../src/workspaceproxy/visits/controller.ts";
import type { FakeProxy } from "../fake-coder/state.ts";
import { Ground } from "./ground.ts";
import type { Change } from "./model_api.ts";
import { credentialSource, isReady } from "./model_cluster.ts";
import type { CoderCall, ModelCoder } from "./model_coder.ts";
import type { Parts } from "./operator_process.ts";
import { coderAt, PLANES, Planes, putSecret, secretText, TEAM } from "./world.ts";

export const PROXY: ObjectKey = { namespace: TEAM, name: "eu" };
/** The Secret with a token that the user brings. */
export const BROUGHT: ObjectKey = { namespace: TEAM, name: "brought" };
/** The Secret with the credentials for `bootstrap`, one for each Coder. */
export const credentialsOf = (coder: string): ObjectKey => ({ namespace: TEAM, name: `${coder}-admin` });

/** Stored objects never change, so that each is read once. */
const places = new WeakMap<CoderWorkspaceProxy, { secret: ObjectKey; key: string }>();

const ROUTE = /^\/api\/v2\/workspaceproxies(?:\/([^/]+))?$/;

/** See the file's head. */
export class ProxyWorld {
  readonly ground: Ground;
  readonly planes: Planes;
  /** Somebody damaged registrations or Secrets, and it is not healed yet. */
  damaged = false;
  /** Registrations that are somebody else's, by id. */
  readonly foreign = new Set<string>();
  /** Tokens that somebody else made worthless, perhaps before anybody used them. */
  readonly ruined = new Set<string>();
  /** As the Secret once was, for those who restore it. */
  readonly backups: unknown[] = [];
  readonly figures = { registered: 0, regenerated: 0, removed: 0 };
  /** Tokens that somebody else than the operator put into a Secret. */
  readonly #tainted = new Set<string>();
  /** Tokens by the names of their Secrets. */
  readonly #stored = new Map<string, string>();
  #uid = "";

  constructor(seed: number) {
    const ground = this.ground = new Ground({
      seed,
      coders: Object.keys(PLANES),
      coderAt,
      credentials: [SESSION_TOKEN],
      works: (credential, pod) => this.works(credential, pod),
      controllers: proxyControllers,
    });
    this.planes = new Planes(ground);
    for (const [name, coder] of ground.coders) {
      coder.state.environment.set("CODER_ACCESS_URL", `https://${name}.example.com`);
      this.renewAdministrator(name);
      coder.watch = (call) => this.#onCall(coder, call);
    }
    ground.api.onChange((change) => this.#onChange(change));
    ground.check = () => this.check();
  }

  /** Credentials for `bootstrap` that work are in their Secret. */
  renewAdministrator(name: string): void {
    const { state } = this.ground.coder(name);
    const user = state.user("proxy-admin") ?? state.addUser({ username: "proxy-admin" });
    putSecret(this.ground, credentialsOf(name), { token: state.addToken(user, { lifetime_seconds: 1e9 }) });
  }

  /** A user creates it. */
  create(spec: NonNullable<CoderWorkspaceProxy["spec"]> = {}): void {
    const made = this.ground.api.create(CoderWorkspaceProxies, {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderWorkspaceProxy",
      metadata: { ...PROXY },
      spec: { controlPlaneRef: { name: "a" }, replicas: 2, ...spec },
    }, "user");
    this.#uid = made.metadata.uid ?? "";
  }

  get object(): CoderWorkspaceProxy | undefined {
    return this.ground.api.find(CoderWorkspaceProxies, PROXY);
  }

  get deployment(): Deployment | undefined {
    const { object } = this;
    const name = object === undefined ? "" : childName(object);
    return this.ground.api.find(Deployments, { namespace: TEAM, name });
  }

  /** The Coder that the spec names. */
  get coder(): ModelCoder {
    const { bootstrap, controlPlaneRef, primaryAccessURL } = this.object?.spec ?? {};
    const url = bootstrap?.coderURL ?? primaryAccessURL ?? "http://a.example.com";
    return this.ground.coder(controlPlaneRef?.name ?? coderAt(url) ?? "a");
  }

  get wantedSecret(): { secret: ObjectKey; key: string } | undefined {
    const { object } = this;
    if (object === undefined) return undefined;
    let place = places.get(object);
    if (place === undefined) {
      const { name = "", key = "" } = tokenSecretOf(parseWorkspaceProxy(object)) ?? {};
      places.set(object, place = { secret: { namespace: TEAM, name }, key });
    }
    return place;
  }

  get usedSecret(): { secret: ObjectKey; key: string } | undefined {
    const source = credentialSource(this.deployment?.spec?.template.spec, [SESSION_TOKEN]);
    return source && { secret: { namespace: TEAM, name: source.name }, key: source.key };
  }

  textIn(place: { secret: ObjectKey; key: string } | undefined): string | undefined {
    return place && secretText(this.ground, place.secret, place.key);
  }

  /** The registration that a token is good for. */
  proxyOf(token: string | undefined): { proxy: FakeProxy; coder: ModelCoder } | undefined {
    for (const coder of this.ground.coders.values()) {
      const proxy = coder.state.proxies.find((each) => !each.deleted && each.token === token);
      if (proxy !== undefined) return { proxy, coder };
    }
    return undefined;
  }

  /** Registrations that are not somebody else's, wherever they are. */
  get ours(): { proxy: FakeProxy; coder: ModelCoder }[] {
    return [...this.ground.coders.values()].flatMap((coder) =>
      coder.state.proxies.filter(({ deleted, id }) => !deleted && !this.foreign.has(id)).map((proxy) => ({
        proxy,
        coder,
      }))
    );
  }

  works(credential: string, { spec }: Pod): boolean {
    const url = spec?.containers[0]?.env?.find(({ name }) => name === PRIMARY_URL)?.value ?? "";
    const found = this.proxyOf(credential);
    return found !== undefined && URL.canParse(url) && found.coder.name === coderAt(url);
  }

  taint(token: string | undefined): void {
    if (token !== undefined) this.#tainted.add(token);
  }

  check(): void {
    this.#callIn();
    // Nobody could know that before it was used.
    if (this.ruined.has(this.textIn(this.usedSecret) ?? "")) this.damaged = true;
    // What was read before somebody put it right again may still decide: Coder and Secrets have no moment in common.
    if (this.damaged && this.ground.isQuiet && this.isHealthy()) {
      this.damaged = false;
      this.#tainted.clear();
    }
    if (this.damaged) return;
    // Pods that do not end in their time are not waited for.
    if (this.deployment?.metadata.deletionTimestamp !== undefined) return;
    const used = this.usedSecret;
    if (used !== undefined && this.proxyOf(this.textIn(used)) === undefined) {
      this.ground.wrong(`the Secret of the pods, ${keyText(used.secret)}, holds no token that works`);
    }
    for (const { pod, facts } of this.ground.cluster.pods()) {
      if (isReady(pod) && this.proxyOf(facts.credential) === undefined) {
        this.ground.wrong(`pod ${pod.metadata.name} is ready and has no token that works`);
      }
    }
  }

  isHealthy(): boolean {
    const { object, ground } = this;
    const isGood = (token: string | undefined) => this.proxyOf(token) !== undefined;
    const condition = conditionOf(object?.status?.conditions, "Ready");
    const { registration } = object?.status ?? {};
    const isOnRecord = registration === undefined ||
      this.proxyOf(this.textIn(this.wantedSecret))?.proxy.id === registration.id;
    return isOnRecord && isGood(this.textIn(this.usedSecret)) && isGood(this.textIn(this.wantedSecret)) &&
      ground.cluster.pods().every(({ facts }) =>
        facts.credential === undefined || isGood(facts.credential)
      ) &&
      condition?.status === "True" && condition.observedGeneration === object?.metadata.generation;
  }

  /** What is not as the spec asks for, or too much. */
  unfinished(): string[] {
    const { object, ground, wantedSecret } = this;
    if (object === undefined || wantedSecret === undefined) return ["the proxy is gone, or names no token"];
    const { metadata, spec, status } = parseWorkspaceProxy(object);
    const registers = isRegisteredByOperator(parseWorkspaceProxy(object));
    const wrong: string[] = [];
    const { ours } = this;
    const names = ours.map(({ proxy, coder }) => `${proxy.name} at ${coder.name}`);
    if (ours.length !== (registers ? 1 : 0)) wrong.push(`${ours.length} registrations: ${names}`);
    const ready = conditionOf(object.status?.conditions, "Ready");
    if (ready?.status !== "True") {
      wrong.push(`Ready is ${ready?.status}: ${ready?.reason}: ${ready?.message}`);
    }
    if (status.observedGeneration !== metadata.generation) wrong.push("the generation is not observed");
    const registered = conditionOf(object.status?.conditions, "Registered");
    if (registers && registered?.status !== "True") {
      wrong.push(`not registered: ${registered?.reason}: ${registered?.message}`);
    }
    if (status.registrationIntent !== undefined) wrong.push("an intent is left");
    if (status.formerRegistrations !== undefined) wrong.push("former registrations are left");
    const token = this.textIn(wantedSecret);
    const found = this.proxyOf(token);
    if (found === undefined) wrong.push("the Secret holds no token that works");
    if (registers && found !== undefined) {
      const { proxy, coder } = found;
      const given = (spec.controlPlaneRef === undefined ? spec.bootstrap : spec.registration) ?? {};
      if (coder !== this.coder) wrong.push(`it is registered with Coder ${coder.name}`);
      if (proxy.name !== (given.proxyName || metadata.name)) wrong.push(`it is called ${proxy.name}`);
      if (given.displayName && proxy.display_name !== given.displayName) {
        wrong.push(`it shows ${proxy.display_name}`);
      }
      if (given.icon ? proxy.icon_url !== given.icon : proxy.icon_url.includes("coder-k8s-")) {
        wrong.push(`its icon is ${proxy.icon_url}`);
      }
      if (status.registration?.id !== proxy.id || status.registered !== true) {
        wrong.push("it is not on record");
      }
    }
    if (!registers && status.registration !== undefined) wrong.push("a registration is on record");
    wrong.push(...this.#unfinishedPods(spec.replicas, spec.image, token));
    const left = ground.api.list(Secrets, TEAM).filter((secret) =>
      isControlledBy(secret, object) && (!registers || secret.metadata.name !== wantedSecret.secret.name)
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
    const ours = ground.told.has("RegistrationAbandoned")
      ? []
      : this.ours.map(({ proxy, coder }) =>
        `proxy ${proxy.name} is left at ${coder.name}, and nobody was told`
      );
    return [...left, ...ours];
  }

  #unfinishedPods(replicas: number, image: string, token: string | undefined): string[] {
    const { deployment, wantedSecret, usedSecret } = this;
    if (deployment === undefined) return ["there is no Deployment"];
    const wrong: string[] = [];
    if (deployment.spec?.replicas !== replicas) {
      wrong.push(`${deployment.spec?.replicas} of ${replicas} replicas`);
    }
    const container = deployment.spec?.template.spec?.containers[0];
    if (container?.image !== image) wrong.push(`the image is ${container?.image}`);
    if (JSON.stringify(usedSecret) !== JSON.stringify(wantedSecret)) {
      wrong.push(`pods are made from ${JSON.stringify(usedSecret)}`);
    }
    const pods = this.ground.cluster.pods();
    const good = pods.filter(({ pod, facts }) => isReady(pod) && facts.credential === token);
    if (good.length !== replicas || pods.length !== replicas) {
      wrong.push(`${good.length} of ${pods.length} pods run with the token, ${replicas} are wanted`);
    }
    return wrong;
  }

  /** What running pods would do: a proxy with a ready pod is well in Coder's eyes, others are not. */
  #callIn(): void {
    const tokens = new Set(
      this.ground.cluster.pods().filter(({ pod }) => isReady(pod)).map(({ facts }) => facts.credential),
    );
    for (const coder of this.ground.coders.values()) {
      for (const proxy of coder.state.proxies) {
        if (tokens.has(proxy.token)) proxy.status = "ok";
        else if (proxy.status === "ok") proxy.status = "unreachable";
      }
    }
  }

  #onChange({ type, kind, object, by }: Change): void {
    const { ground, usedSecret } = this;
    if (type !== Secrets) return;
    const { name = "" } = object.metadata;
    const token = kind === "DELETED" ? undefined : secretText(ground, keyOf(object), "token");
    // Who writes other fields of a Secret has not written its token.
    const isNews = token !== this.#stored.get(name);
    if (token === undefined) this.#stored.delete(name);
    else this.#stored.set(name, token);
    if (kind !== "DELETED" && name === this.wantedSecret?.secret.name && name !== BROUGHT.name) {
      this.backups.push(object);
    }
    if (!by.startsWith("operator")) return;
    if (name === BROUGHT.name) return ground.wrong("the operator wrote the Secret of the user");
    const isUsed = usedSecret !== undefined && keyText(usedSecret.secret) === keyText(keyOf(object));
    if (kind === "DELETED" && isUsed && this.object?.metadata.deletionTimestamp === undefined) {
      ground.wrong("the operator deleted the Secret that pods are made from");
    }
    if (token !== undefined && this.ruined.has(token)) this.damaged = true;
    if (isNews && token !== undefined && this.proxyOf(token) === undefined && !this.damaged) {
      ground.wrong("the operator wrote a token that does not work into a Secret");
    }
  }

  #onCall(coder: ModelCoder, { method, path, body, late }: CoderCall): void {
    const match = ROUTE.exec(path);
    if (match === null) return;
    const proxy = coder.state.proxies.find(({ id }) => id === match[1]);
    if (method === "POST") this.#onRegistering(body as { name: string }, late);
    if (method === "PATCH" && proxy !== undefined) {
      this.#onChanging(proxy, body as { regenerate_token: boolean }, late);
    }
    if (method === "DELETE" && proxy?.deleted === false) this.#onRemoving(coder, proxy, late);
  }

  #onRegistering({ name }: { name: string }, late: boolean): void {
    this.figures.registered++;
    // Whoever asked has given up since, and what is on record may have changed.
    if (late) return;
    if (this.object?.status?.registrationIntent?.name !== name) {
      this.ground.wrong(`${name} is registered without an intent on record`);
    }
  }

  #onChanging(proxy: FakeProxy, { regenerate_token }: { regenerate_token: boolean }, late: boolean): void {
    const { ground } = this;
    if (this.#isForbidden(proxy)) return ground.wrong(`${proxy.name} of somebody else is changed`);
    this.foreign.delete(proxy.id);
    if (!regenerate_token) return;
    this.figures.regenerated++;
    if (late || this.damaged) return;
    for (const place of [this.wantedSecret, this.usedSecret]) {
      if (this.textIn(place) === proxy.token) {
        ground.wrong(`the token of ${proxy.name}, which is good, is made anew`);
      }
    }
  }

  /** It is somebody else's, and nobody has said that it may be taken over. */
  #isForbidden({ id, name }: FakeProxy): boolean {
    const adopts = this.object?.metadata.annotations?.[ADOPT_PROXY_ANNOTATION];
    return this.foreign.has(id) && adopts?.toLowerCase() !== name.toLowerCase();
  }

  #onRemoving(coder: ModelCoder, proxy: FakeProxy, late: boolean): void {
    const { ground, object } = this;
    this.figures.removed++;
    if (this.#isForbidden(proxy)) return ground.wrong(`${proxy.name} of somebody else is removed`);
    if (late || this.#tainted.has(proxy.token)) return;
    const what = `${proxy.name} at ${coder.name}`;
    const deleted = Date.parse(object?.metadata.deletionTimestamp ?? "");
    const grace = (object?.spec?.terminationGracePeriodSeconds ?? 30) * 1_000;
    const users = ground.cluster.pods().filter(({ facts }) => facts.credential === proxy.token);
    if (users.length > 0 && !(ground.clock.now() - deleted > grace)) {
      ground.wrong(`${what} is removed, which pods use: ${users.map(({ pod }) => pod.metadata.name)}`);
    }
    if (!Number.isNaN(deleted)) return;
    const used = this.usedSecret;
    if (used !== undefined && this.textIn(used) === proxy.token) {
      ground.wrong(`${what} is removed, whose token is in the Secret of the pods, ${keyText(used.secret)}`);
    }
  }
}

/** As the composition root makes them. */
function proxyControllers(parts: Parts): Controller[] {
  const { access, applier, cache, client, clock, deployments, kinds, listings, now, random, recorder } =
    parts;
  const results = new ProxyResults();
  const controller = { clock, random };
  const redact = (text: string) => text;
  const passes = proxyController({
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
  const visits = proxyVisits({
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
      sleep: (ms, signal) => clock.sleep(ms, signal).catch(() => {}),
    },
    deployments,
    results,
    onNews: (key) => passes.enqueue(key),
    log: silentLogger,
    controller,
  });
  return [passes, visits];
}
