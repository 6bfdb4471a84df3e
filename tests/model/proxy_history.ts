/** Random histories of one workspace proxy: spec changes, crashes, lost answers, refusals, hands on registrations and Secrets. */
import { CoderWorkspaceProxies, type CoderWorkspaceProxy } from "../../src/api/workspace_proxy.ts";
import { Secrets } from "../../src/api/kubernetes/resources.ts";
import type { Secret } from "../../src/api/kubernetes/types.ts";
import { below, pick } from "../../src/telemetry/testing/random.ts";
import { ADOPT_PROXY_ANNOTATION } from "../../src/workspaceproxy/registration/mod.ts";
import type { FakeProxy } from "../fake-coder/state.ts";
import { type Actions, type HistoryOptions, type HistoryResult, LIFE, live, TROUBLE } from "./history.ts";
import type { ModelCoder } from "./model_coder.ts";
import { BROUGHT, credentialsOf, PROXY, ProxyWorld } from "./proxy_world.ts";
import { annotated, change, PLANES, putSecret, TEAM } from "./world.ts";

type Spec = NonNullable<CoderWorkspaceProxy["spec"]>;
type World = ProxyWorld;

const NAMES = ["eu", "paris", "Nice"] as const;
const ICONS = ["", "/emojis/1f5fc.png", "/own.svg#logo"] as const;
const WORDS = ["", "Paris", "By the Seine"] as const;

function edit(world: World, fields: (spec: Spec) => Spec): void {
  change(world.ground, CoderWorkspaceProxies, PROXY, (live) => ({ ...live, spec: fields(live.spec ?? {}) }));
}

/** Changes what the proxy is in Coder, in whichever way it is registered. */
function face(world: World, fields: NonNullable<Spec["registration"]>): void {
  edit(world, (spec) => {
    if (spec.bootstrap !== undefined) return { ...spec, bootstrap: { ...spec.bootstrap, ...fields } };
    return spec.controlPlaneRef === undefined
      ? spec
      : { ...spec, registration: { ...spec.registration, ...fields } };
  });
}

/** Takes all away that says how the proxy is registered. */
function unregistered(
  {
    bootstrap: _,
    controlPlaneRef: _ref,
    registration: _fields,
    proxySessionTokenSecretRef: _token,
    primaryAccessURL: _url,
    ...spec
  }: Spec,
): Spec {
  return spec;
}

function isTaken(coder: ModelCoder, name: string): boolean {
  return coder.state.proxies.some((each) => !each.deleted && each.name.toLowerCase() === name.toLowerCase());
}

function addForeign(world: World, coder: ModelCoder, name: string): FakeProxy | undefined {
  if (isTaken(coder, name)) return undefined;
  const id = crypto.randomUUID();
  const time = coder.state.time();
  const token = `${id}:${"f".repeat(64)}`;
  const proxy: FakeProxy = {
    id,
    name,
    display_name: "Theirs",
    icon_url: "/theirs.png",
    deleted: false,
    created_at: time,
    updated_at: time,
    status: "unregistered",
    token,
  };
  coder.state.proxies.push(proxy);
  world.foreign.add(id);
  return proxy;
}

const anyCoder = ({ ground }: World) => pick(ground.random, [...ground.coders.values()]);

/** What users do to the spec. */
const USER: Actions<World> = {
  "display name changes": (world) => face(world, { displayName: pick(world.ground.random, WORDS) }),
  "icon changes": (world) => face(world, { icon: pick(world.ground.random, ICONS) }),
  "name changes": (world) => face(world, { proxyName: pick(world.ground.random, NAMES) }),
  "the Secret is to have another name": (world) =>
    face(world, { generatedTokenSecretName: pick(world.ground.random, ["one", "two"]) }),
  "adoption is allowed": (world) => {
    const name = pick(world.ground.random, NAMES);
    change(
      world.ground,
      CoderWorkspaceProxies,
      PROXY,
      (live) => annotated(live, ADOPT_PROXY_ANNOTATION, name),
    );
  },
  "a control plane is named": (world) =>
    edit(world, (spec) => ({
      ...unregistered(spec),
      controlPlaneRef: { ...PLANES[anyCoder(world).name]! },
    })),
  "bootstrap is given": (world) =>
    edit(world, (spec) => {
      const { name } = anyCoder(world);
      const credentialsSecretRef = { name: credentialsOf(name).name };
      return {
        ...unregistered(spec),
        bootstrap: { coderURL: `http://${name}.example.com`, credentialsSecretRef },
      };
    }),
  "a token is brought": (world) => {
    const coder = anyCoder(world);
    const theirs = addForeign(world, coder, `mine-${coder.state.proxies.length}`);
    if (theirs === undefined) return;
    putSecret(world.ground, BROUGHT, { token: theirs.token });
    edit(world, (spec) => ({
      ...unregistered(spec),
      primaryAccessURL: `https://${coder.name}.example.com`,
      proxySessionTokenSecretRef: { name: BROUGHT.name },
    }));
  },
  "replicas change": (world) => edit(world, (spec) => ({ ...spec, replicas: below(world.ground.random, 4) })),
  "image changes": (world) =>
    edit(world, (spec) => ({ ...spec, image: `mirror/coder:v${below(world.ground.random, 5)}` })),
  "environment changes": (world) =>
    edit(
      world,
      (spec) => ({ ...spec, extraEnv: [{ name: "EXTRA", value: String(below(world.ground.random, 5)) }] }),
    ),
  "the Service changes": (world) =>
    edit(world, (spec) => ({ ...spec, service: { port: pick(world.ground.random, [80, 8080]) } })),
};

/** What administrators do in Coder that harms nobody. */
const OTHERS: Actions<World> = {
  "somebody takes a name": (world) =>
    void addForeign(world, anyCoder(world), pick(world.ground.random, NAMES)),
  "somebody gives a name back": (world) => {
    // Whoever brought another token may have pods that still run with the one before.
    const used = new Set(world.ground.cluster.pods().map(({ facts }) => facts.credential));
    used.add(world.textIn({ secret: BROUGHT, key: "token" }));
    for (const { state } of world.ground.coders.values()) {
      const theirs = state.proxies.find(({ deleted, id, token }) =>
        !deleted && world.foreign.has(id) && !used.has(token)
      );
      if (theirs !== undefined) theirs.deleted = true;
    }
  },
  "the proxy is renamed by hand": (world) => {
    const [first] = world.ours;
    if (first !== undefined && !isTaken(first.coder, "by-hand")) first.proxy.name = "by-hand";
  },
  "its face is changed by hand": (world) => {
    const [first] = world.ours;
    // Not in the moment between its making and the next look: then it could not be known again.
    if (first === undefined || first.proxy.icon_url.includes("coder-k8s-")) return;
    Object.assign(first.proxy, { display_name: "By hand", icon_url: "/hand.png" });
  },
  "the administrator's token is renewed": (world) => {
    for (const name of world.ground.coders.keys()) world.renewAdministrator(name);
  },
};

/** What breaks something until it is healed. */
const DAMAGE: Actions<World> = {
  "a registration is removed in Coder": (world) => {
    const found = world.ours[below(world.ground.random, world.ours.length || 1)];
    if (found === undefined) return;
    world.ruined.add(found.proxy.token);
    found.proxy.deleted = true;
  },
  "its token is made anew in Coder": (world) => {
    const found = world.ours[below(world.ground.random, world.ours.length || 1)];
    if (found !== undefined) {
      world.ruined.add(found.proxy.token);
      found.proxy.token = `${found.proxy.id}:${
        below(world.ground.random, 1e9).toString(16).padStart(64, "0")
      }`;
    }
  },
  "the Secret is edited": (world) => {
    const place = pick(world.ground.random, [world.usedSecret, world.wantedSecret]);
    if (place === undefined || place.secret.name === BROUGHT.name) return;
    if (world.ground.api.find(Secrets, place.secret) === undefined) return;
    putSecret(world.ground, place.secret, { [place.key]: pick(world.ground.random, ["garbage", "a:b"]) });
  },
  "the Secret is deleted": (world) => {
    const place = pick(world.ground.random, [world.usedSecret, world.wantedSecret]);
    if (place === undefined || place.secret.name === BROUGHT.name) return;
    if (world.ground.api.find(Secrets, place.secret) !== undefined) {
      world.ground.api.delete(Secrets, place.secret, "user");
    }
  },
  "the Secret is restored": (world) => {
    const { backups, ground } = world;
    const backup = backups[below(ground.random, backups.length || 1)] as Secret | undefined;
    if (backup === undefined) return;
    const { name = "", labels = {}, annotations = {}, ownerReferences = [] } = backup.metadata;
    for (const encoded of Object.values(backup.data ?? {})) world.taint(atob(encoded));
    const live = ground.api.find(Secrets, { namespace: TEAM, name });
    const metadata = { namespace: TEAM, name, labels, annotations, ownerReferences };
    if (live === undefined) ground.api.create(Secrets, { ...backup, metadata }, "user");
    else {ground.api.update(
        Secrets,
        { ...live, ...backup, metadata: { ...live.metadata, ...metadata } },
        "user",
      );}
  },
};

const DECKS = [
  { kind: "life", weight: 10, actions: LIFE },
  { kind: "user", weight: 3, actions: USER },
  { kind: "others", weight: 1, actions: OTHERS },
  { kind: "trouble", weight: 3, actions: TROUBLE },
  { kind: "damage", weight: 1, actions: DAMAGE },
];

/** Lives through one history. The same seed and options give the same one. */
export async function proxyHistory(
  seed: number,
  { events = 30 }: HistoryOptions = {},
): Promise<HistoryResult> {
  const world = new ProxyWorld(seed);
  const { ground } = world;
  await ground.start();
  world.create();
  if (below(ground.random, 4) > 0) await ground.pass(60_000);
  const counts = await live(world, DECKS, events);
  const wrong = ground.violations;
  if (wrong.length === 0) wrong.push(...await end(world));
  if (wrong.length === 0 && below(ground.random, 2) === 0) wrong.push(...await deletion(world));
  for (const coder of ground.coders.values()) wrong.push(...coder.violations);
  return {
    seed,
    wrong,
    log: ground.log,
    counts,
    figures: { ...world.figures, crashes: ground.crashes, writes: ground.writes },
  };
}

function heal(world: World): void {
  world.ground.calm();
  world.planes.heal();
  for (const name of world.ground.coders.keys()) world.renewAdministrator(name);
}

/** Everybody is well: after a while all is in order, and stays so without a write. */
async function end(world: World): Promise<string[]> {
  const { ground } = world;
  ground.note("all troubles are over");
  heal(world);
  if (world.object?.spec?.replicas === 0) edit(world, (spec) => ({ ...spec, replicas: 1 }));
  // Nobody else has this name.
  face(world, { proxyName: "the-end" });
  const begin = ground.clock.now();
  let quiet = 0;
  while (ground.clock.now() - begin < 2 * 3_600_000 && quiet < 5 && ground.violations.length === 0) {
    const { writes } = ground;
    await ground.pass(120_000);
    quiet = writes === ground.writes && world.unfinished().length === 0 ? quiet + 1 : 0;
  }
  return quiet === 5 ? [] : ["it does not come to rest", ...world.unfinished()];
}

/** The proxy is deleted, with troubles that pass in time. */
async function deletion(world: World): Promise<string[]> {
  const { ground } = world;
  ground.note("user: deletes the proxy");
  ground.api.delete(CoderWorkspaceProxies, PROXY, "user");
  const actions = { ...LIFE, ...TROUBLE, "long time passes": () => {} };
  await live(world, [{ kind: "life", weight: 1, actions }], 8);
  heal(world);
  for (let i = 0; i < 60 && world.object !== undefined; i++) await ground.pass(60_000);
  if (world.object !== undefined) return ["the proxy does not go"];
  await ground.pass(60_000);
  return world.leftovers();
}
