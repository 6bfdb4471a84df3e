/** Random histories of one provisioner: spec changes, crashes, lost answers, refusals, hands on keys and Secrets. */
import { type CoderProvisioner, CoderProvisioners } from "../../src/api/provisioner.ts";
import { Secrets } from "../../src/api/kubernetes/resources.ts";
import type { Secret } from "../../src/api/kubernetes/types.ts";
import { below, pick } from "../../src/telemetry/testing/random.ts";
import { ROTATE_ANNOTATION } from "../../src/api/provisioner_key.ts";
import { addJob } from "../fake-coder/mod.ts";
import { randomText } from "../fake-coder/state.ts";
import { type Actions, type HistoryOptions, type HistoryResult, LIFE, live, TROUBLE } from "./history.ts";
import { BROUGHT, ORGANIZATIONS, PROVISIONER, ProvisionerWorld } from "./provisioner_world.ts";
import { annotated, change, PLANES, putSecret, TEAM } from "./world.ts";

type Spec = NonNullable<CoderProvisioner["spec"]>;
type World = ProvisionerWorld;

function edit(world: World, fields: (spec: Spec) => Partial<Spec>): void {
  change(world.ground, CoderProvisioners, PROVISIONER, (live) => {
    const spec = live.spec ?? { controlPlaneRef: { name: "a" } };
    return { ...live, spec: { ...spec, ...fields(spec) } };
  });
}

/** The user makes a key at the Coder of the spec, and puts it into a Secret of their own. */
function bring({ coder, ground, wantedSecret }: World): void {
  const secret = randomText(43);
  coder.state.provisionerKeys.push({
    id: crypto.randomUUID(),
    created_at: coder.state.time(),
    organization: coder.state.defaultOrganization.id,
    name: `mine-${coder.state.provisionerKeys.length}-${ground.clock.now()}`,
    tags: {},
    secret,
  });
  putSecret(ground, BROUGHT, { key: secret, [wantedSecret?.key ?? "key"]: secret });
}

const TAGS = [{}, { region: "eu" }, { region: "us" }, { region: "eu", size: "large" }];

/** What users do to the spec. */
const USER: Actions<World> = {
  "tags change": (world) => edit(world, () => ({ tags: pick(world.ground.random, TAGS) })),
  "organization changes": (world) =>
    edit(world, () => ({ organizationName: pick(world.ground.random, [...ORGANIZATIONS, "no-such"]) })),
  "control plane changes": (world) =>
    edit(world, ({ controlPlaneRef }) => ({
      controlPlaneRef: { ...PLANES[controlPlaneRef?.name === "a" ? "b" : "a"]! },
    })),
  "key name changes": (world) =>
    edit(
      world,
      ({ key }) => ({ key: { ...key, name: pick(world.ground.random, ["prov", "k".repeat(70)]) } }),
    ),
  "rotation is asked for": (world) => {
    const value = `now ${below(world.ground.random, 1_000)}`;
    change(world.ground, CoderProvisioners, PROVISIONER, (live) => annotated(live, ROTATE_ANNOTATION, value));
  },
  "the request is taken back": (world) =>
    change(
      world.ground,
      CoderProvisioners,
      PROVISIONER,
      (live) => annotated(live, ROTATE_ANNOTATION, undefined),
    ),
  "schedule changes": (world) =>
    edit(world, ({ key: { rotateAfter: _, ...key } = {} }) => ({
      key: {
        ...key,
        ...(below(world.ground.random, 2) === 0 && !key.existingSecret && { rotateAfter: "1h" }),
      },
    })),
  "replicas change": (world) => edit(world, () => ({ replicas: below(world.ground.random, 4) })),
  "image changes": (world) =>
    edit(world, () => ({ image: `mirror/coder:v${below(world.ground.random, 5)}` })),
  "environment changes": (world) =>
    edit(world, () => ({ extraEnv: [{ name: "EXTRA", value: String(below(world.ground.random, 5)) }] })),
  "as many pods as there is work": (world) => {
    const minReplicas = below(world.ground.random, 2);
    edit(world, () => ({ autoscale: { minReplicas, maxReplicas: 3, scaleDownDelay: "1m" } }));
  },
  "as many pods as it says": (world) => {
    change(world.ground, CoderProvisioners, PROVISIONER, (live) => {
      const { autoscale: _, ...spec } = live.spec ?? {};
      return { ...live, spec: spec as Spec };
    });
  },
  "own Secret is brought": (world) => {
    bring(world);
    edit(world, ({ key: { rotateAfter: _, secretName: _name, ...key } = {} }) => ({
      key: { ...key, existingSecret: BROUGHT.name },
    }));
  },
  "own Secret is taken back": (world) =>
    edit(world, ({ key: { existingSecret: _, ...key } = {} }) => ({ key })),
  "the Secret is to have another name": (world) =>
    edit(world, ({ key: { existingSecret: _, ...key } = {} }) => ({
      key: { ...key, secretName: pick(world.ground.random, ["one", "two"]) },
    })),
  "the key is to be elsewhere in the Secret": (world) =>
    edit(world, ({ key }) => ({
      key: {
        ...key,
        ...(!key?.existingSecret && { secretKey: pick(world.ground.random, ["key", "other"]) }),
      },
    })),
};

/** Work comes and goes, and a record gets lost. */
const OTHERS: Actions<World> = {
  "jobs come": ({ ground, object }) => {
    const { state } = pick(ground.random, [...ground.coders.values()]);
    const organization = state.organization(object?.spec?.organizationName || "default");
    if (organization === undefined) return;
    addJob(state, { organization_id: organization.id, tags: { ...object?.spec?.tags } });
  },
  "jobs are done": ({ ground }) => {
    for (const { state } of ground.coders.values()) state.provisionerJobs.length = 0;
  },
  "the status is lost": loseStatus,
};

/** As where the object is restored from a backup. Its key is found again where that can be done at once. */
async function loseStatus(world: World): Promise<void> {
  const { ground, object, ownKeys } = world;
  const isWell = ground.isQuiet && world.unfinished().length === 0 && ownKeys.length === 1 &&
    [...ground.coders.values()].every(({ up, isLicensed, faults }) =>
      up && isLicensed && faults.length === 0
    ) &&
    [...ground.trouble.values()].every((queue) => queue.length === 0) && world.planes.areWell;
  if (!isWell || object === undefined) return;
  ground.calm();
  ground.api.update(CoderProvisioners, { ...object, status: {} } as CoderProvisioner, "user", {
    subresource: "status",
  });
  await ground.pass(180_000);
}

/** What others do to keys and Secrets. All of it may break something until it is healed. */
const DAMAGE: Actions<World> = {
  "a key is deleted in Coder": ({ ownKeys, ground, ruined }) => {
    const found = ownKeys[below(ground.random, ownKeys.length || 1)];
    if (found === undefined) return;
    ruined.add(found.key.secret);
    const { provisionerKeys } = found.coder.state;
    provisionerKeys.splice(provisionerKeys.indexOf(found.key), 1);
  },
  "a key is another one in Coder": ({ ownKeys, ground, ruined }) => {
    const found = ownKeys[below(ground.random, ownKeys.length || 1)];
    if (found === undefined) return;
    ruined.add(found.key.secret);
    const { provisionerKeys } = found.coder.state;
    const other = { ...found.key, id: crypto.randomUUID(), secret: randomText(43), tags: { other: "tags" } };
    provisionerKeys.splice(provisionerKeys.indexOf(found.key), 1, other);
  },
  "the Secret is edited": (world) => {
    const place = pick(world.ground.random, [world.usedSecret, world.wantedSecret]);
    if (place === undefined || place.secret.name === BROUGHT.name) return;
    if (world.ground.api.find(Secrets, place.secret) === undefined) return;
    const value = `junk-${below(world.ground.random, 1_000)}`;
    putSecret(world.ground, place.secret, { [place.key]: value });
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
    const { name = "", labels, annotations, ownerReferences } = backup.metadata;
    for (const encoded of Object.values(backup.data ?? {})) world.taint(atob(encoded));
    const live = ground.api.find(Secrets, { namespace: TEAM, name });
    const metadata = {
      namespace: TEAM,
      name,
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
      ...(ownerReferences !== undefined && { ownerReferences }),
    };
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
export async function provisionerHistory(
  seed: number,
  { events = 30 }: HistoryOptions = {},
): Promise<HistoryResult> {
  const world = new ProvisionerWorld(seed);
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

/** Everybody is well: after a while all is in order, and stays so without a write. */
async function end(world: World): Promise<string[]> {
  const { ground, planes } = world;
  ground.note("all troubles are over");
  ground.calm();
  planes.heal();
  // A key of the user's own is of the Coder that it is for.
  if (world.object?.spec?.key?.existingSecret) bring(world);
  USER["as many pods as it says"]!(world);
  edit(world, ({ replicas, organizationName, key: { rotateAfter: _, ...key } = {} }) => ({
    key,
    ...(replicas === 0 && { replicas: 1 }),
    ...(organizationName === "no-such" && { organizationName: "eng" }),
  }));
  const begin = ground.clock.now();
  let quiet = 0;
  while (ground.clock.now() - begin < 2 * 3_600_000 && quiet < 5 && ground.violations.length === 0) {
    const { writes } = ground;
    await ground.pass(120_000);
    quiet = writes === ground.writes && world.unfinished().length === 0 ? quiet + 1 : 0;
  }
  return quiet === 5 ? [] : ["it does not come to rest", ...world.unfinished()];
}

/** The provisioner is deleted, with troubles that pass in time. */
async function deletion(world: World): Promise<string[]> {
  const { ground, planes } = world;
  ground.note("user: deletes the provisioner");
  ground.api.delete(CoderProvisioners, PROVISIONER, "user");
  const actions = { ...LIFE, ...TROUBLE };
  await live(world, [{ kind: "life", weight: 1, actions: { ...actions, "long time passes": () => {} } }], 8);
  ground.calm();
  planes.heal();
  for (let i = 0; i < 60 && world.object !== undefined; i++) await ground.pass(60_000);
  if (world.object !== undefined) return ["the provisioner does not go"];
  await ground.pass(60_000);
  return world.leftovers();
}
