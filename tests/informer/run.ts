/** Informers of all makes follow Coders in which much happens, through a real kube-apiserver that has two replicas. */
import { CONTROL_PLANE_NAME_LABEL } from "../../src/api/aggregated.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { type Cluster, type FaultRig, sleep, waitFor } from "../cluster/mod.ts";
import { fill, finishBuilds, happen, reconfigure } from "./churn.ts";
import { startGoInformers } from "./go_informers.ts";
import { startNodeInformers } from "./node_informers.ts";
import { PATIENCE_MS, type ReplicasRig, type Resource, startReplicas } from "./replicas.ts";
import type { InformerError, InformerReport, Informers, InformerSpec } from "./types.ts";
import { factOf, startWorld, type Wanted, type World } from "./world.ts";

export interface RunOptions {
  readonly cluster: Cluster;
  readonly seed: number;
  /** How many changes there are between two looks at all stores. */
  readonly changes: number;
  /** How often all stores are looked at. */
  readonly looks: number;
  readonly signal?: AbortSignal;
  /** Told of every look. */
  readonly say?: (line: string) => void;
}

export interface RunResult {
  /** What happened, and how often. */
  readonly happened: Readonly<Record<string, number>>;
  /** Of all informers together. */
  readonly counts: Readonly<Record<string, number>>;
  /** What must not be; empty where all is well. */
  readonly findings: readonly string[];
  readonly ms: number;
}

const LAB = "lab";
const SHOP = "shop";
/** Between two changes, at most, in milliseconds. */
const PAUSE_MS = 30;

/** Watches last so long at least, and are opened again at any replica. */
const WATCH_SECONDS = 3;

interface Followed {
  readonly resource: Resource;
  readonly spec: Partial<InformerSpec> & { readonly name: string };
  readonly selects: (one: Wanted) => boolean;
}

const FOLLOWED: readonly Followed[] = [
  { resource: "coderworkspaces", spec: { name: "workspaces" }, selects: () => true },
  {
    resource: "coderworkspaces",
    spec: { name: "workspaces of one namespace", namespace: LAB },
    selects: ({ namespace }) => namespace === LAB,
  },
  {
    resource: "coderworkspaces",
    spec: { name: "workspaces of one control plane", labelSelector: `${CONTROL_PLANE_NAME_LABEL}=two` },
    selects: ({ controlPlane }) => controlPlane === "two",
  },
  {
    resource: "coderworkspaces",
    spec: { name: "running workspaces", fieldSelector: "spec.running=true" },
    selects: ({ running }) => running === true,
  },
  {
    resource: "coderworkspaces",
    spec: {
      name: "workspaces of one namespace that do not run",
      namespace: LAB,
      fieldSelector: "status.latestBuildStatus!=running",
    },
    selects: ({ namespace, status }) => namespace === LAB && status !== "running",
  },
  { resource: "codertemplates", spec: { name: "templates" }, selects: () => true },
  {
    resource: "codertemplates",
    spec: { name: "templates of one control plane", labelSelector: `${CONTROL_PLANE_NAME_LABEL}=one` },
    selects: ({ controlPlane }) => controlPlane === "one",
  },
];

/** Runs it. Throws where stores never become what Coder has. */
export async function runInformers(options: RunOptions): Promise<RunResult> {
  const { cluster, seed, looks, changes, signal, say = () => {} } = options;
  const begun = performance.now();
  const random = seededRandom(seed);
  await using world = await startWorld([`${LAB}/one`, `${LAB}/two`, `${SHOP}/solo`]);
  const [one, , solo] = world.homes;
  fill(world, random, 10);
  world.set(one!);
  world.set(solo!);
  await using rig = await startReplicas(cluster, world, { random });
  await rig.ready();
  await rig.settled();
  await using faults = await cluster.newFaults();
  const { kubeconfig } = await rig.reader(faults);
  const specs = FOLLOWED.map(({ resource, spec }) => rig.spec(resource, spec));
  await using lists = await startGoInformers({
    kubeconfig,
    specs,
    watchList: false,
    watchSeconds: WATCH_SECONDS,
  });
  await using watchLists = await startGoInformers({
    kubeconfig,
    specs,
    watchList: true,
    watchSeconds: WATCH_SECONDS,
  });
  await using node = await startNodeInformers({ kubeconfig, specs });
  const makes = { "client-go": lists, "client-go with watch lists": watchLists, "client-node": node };
  await look(world, rig, makes);
  const happened: Record<string, number> = {};
  const note = (what: string) => happened[what] = (happened[what] ?? 0) + 1;
  for (let index = 1; index <= looks; index++) {
    await churn({ world, rig, faults, random, note, changes, signal });
    await look(world, rig, makes);
    say(
      `look ${index} of ${looks}: ${
        world.expected("coderworkspaces").length
      } workspaces, all stores have them`,
    );
  }
  const reports = await reportsOf(makes);
  const counts: Record<string, number> = {};
  for (const { counts: own } of reports) {
    for (const [what, count] of Object.entries(own)) counts[what] = (counts[what] ?? 0) + count;
  }
  const findings = [
    ...reports.flatMap(({ make, name, mistakes }) => mistakes.map((text) => `${make}, ${name}: ${text}`)),
    ...Object.entries(makes).flatMap(([make, { errors }]) =>
      errors.filter((error) => !isOfOurs(error) && !isToldAnew(error, happened)).map((error) =>
        `${make}, ${textOf(error)}`
      )
    ),
    ...rig.logLines.filter(({ level }) => level === "error").map(({ message }) => `logged: ${message}`),
  ];
  return { happened, counts, findings, ms: performance.now() - begun };
}

interface Churn {
  readonly world: World;
  readonly rig: ReplicasRig;
  readonly faults: FaultRig;
  readonly random: () => number;
  readonly note: (what: string) => void;
  readonly changes: number;
  readonly signal: AbortSignal | undefined;
}

/** So many changes, and every now and then some trouble. Ends with everything on its feet. */
async function churn({ world, rig, faults, random, note, changes, signal }: Churn): Promise<void> {
  const down = new Set<World["homes"][number]>();
  for (let index = 0; index < changes; index++) {
    signal?.throwIfAborted();
    const home = pick(random, world.homes);
    note(happen(home, random, rig.isSeen));
    if (below(random, 60) === 0) note(reconfigure(world, home, random, rig.isSeen));
    if (below(random, 50) === 0) {
      const trouble = below(random, 6);
      if (trouble === 0) {
        note("connections between the API server and replicas cut");
        rig.balancer.cut(random());
      } else if (trouble === 1) {
        note("connections of informers cut");
        faults.cutOpen();
      } else if (trouble === 2) {
        note("informers made to list again");
        faults.expireOpen();
      } else if (trouble === 3) {
        note("one replica alone");
        rig.balancer.only(below(random, 2));
      } else if (trouble === 4) {
        rig.balancer.only(undefined);
      } else if (!down.has(home)) {
        note("outage of a Coder");
        down.add(home);
        await home.coder.stop();
      }
    }
    for (const each of down) {
      if (below(random, 60) > 0) continue;
      down.delete(each);
      await each.coder.start();
    }
    await sleep(below(random, PAUSE_MS), signal);
  }
  for (const each of down) await each.coder.start();
  rig.balancer.only(undefined);
  if (below(random, 2) === 0) finishBuilds(world, rig.isSeen);
  // What waits for its operator's access shows its past, and nothing can be said of that.
  for (const home of world.homes) {
    const there = world.controlPlanes.get(home.id);
    if (there?.status?.operatorAccessReady === false) {
      world.set(home, { waits: false });
    }
  }
}

type Makes = Readonly<Record<string, Informers>>;

/** Waits until every store has what Coder has. */
async function look(world: World, rig: ReplicasRig, makes: Makes): Promise<void> {
  await rig.settled();
  let different: string[] = [];
  await waitFor(async () => {
    different = differences(world, await reportsOf(makes));
    return different.length === 0;
  }, { what: "all stores to have what Coder has", timeoutMs: PATIENCE_MS, intervalMs: 200 }).catch(
    (error) => {
      throw new Error(`${error.message}:\n${different.slice(0, 20).join("\n")}`);
    },
  );
}

type Report = InformerReport & { readonly make: string };

async function reportsOf(makes: Makes): Promise<Report[]> {
  const all = Object.entries(makes).map(async ([make, informers]) =>
    (await informers.report()).map((report) => ({ ...report, make }))
  );
  return (await Promise.all(all)).flat();
}

/** What is missing, stale or extra in a store. */
function differences(world: World, reports: readonly Report[]): string[] {
  return reports.flatMap(({ make, name, objects, synced }) => {
    const { resource, selects } = FOLLOWED.find(({ spec }) => spec.name === name)!;
    const wanted = new Set(world.expected(resource).filter(selects).map(({ fact }) => fact));
    const there = new Set(objects.map(factOf));
    return [
      ...(synced ? [] : [`${make}, ${name}: not synced`]),
      ...[...wanted].filter((fact) => !there.has(fact)).map((fact) => `${make}, ${name}: lacks ${fact}`),
      ...[...there].filter((fact) => !wanted.has(fact)).map((fact) => `${make}, ${name}: has ${fact}`),
    ];
  });
}

/** What the test's own faults lead to; everything else must not be. */
const OURS = [
  // A connection broke, between an informer and the API server, or behind that.
  /EOF|connection (reset|refused)|broken pipe|connection lost|stream error|terminated|aborted/,
  /use of closed|closed response body|error trying to reach service/,
  // The API server's own look at its APIService met a broken connection.
  /the server is currently unable to handle the request|Service Unavailable/,
  /fault rig/,
];

function isOfOurs({ text }: InformerError): boolean {
  return OURS.some((one) => one.test(text));
}

/**
 * A replica that has its first list of a control plane cannot say what became of it before: who comes with a version of
 * that time, from another replica, lists anew.
 */
function isToldAnew({ code, text }: InformerError, happened: Readonly<Record<string, number>>): boolean {
  return (happened["control plane created"] ?? 0) > 0 &&
    (code === 410 || /too old resource version/.test(text));
}

function textOf({ informer, text, reason, code }: InformerError): string {
  return `${informer}: ${text} (${reason ?? "no reason"}, ${code ?? "no code"})`;
}
