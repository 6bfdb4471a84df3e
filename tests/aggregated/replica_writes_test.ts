/** Several writers at once through two processes of the product, while Coder and one of them are started anew. */
import assert from "node:assert/strict";
import { isUnderWay } from "../../src/inventory/mod.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { waitFor } from "../cluster/mod.ts";
import { readKeyPair } from "../cluster/state.ts";
import {
  addTemplate,
  addVersion,
  endBuild,
  type FaultAction,
  pickUpBuild,
  refuse,
  startFakeCoder,
} from "../fake-coder/mod.ts";
import { API_ROOT, type AppRig, startAppRig } from "./app_rig.ts";
import { askDirectly } from "./asking.ts";

const PATH = `${API_ROOT}/namespaces/lab/coderworkspaces`;
const WRITES = 160;
const WRITERS = 6;

interface Deed {
  readonly verb: "create" | "patch";
  readonly name: string;
  readonly annotation: string;
  /** 0: there was no answer. */
  readonly code: number;
}

interface Shown {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}

const FAULTS: readonly FaultAction[] = [
  { do: "dropRequest" },
  { do: "loseAnswer" },
  { do: "answer", reply: refuse(409, "A workspace build is already active.") },
  { do: "answer", reply: refuse(412, "Precondition failed.") },
  { do: "answer", reply: refuse(502, "Bad gateway.") },
];

Deno.test("writes through two replicas of which one is started anew, as Coder is, are there or are not", async () => {
  const random = seededRandom(72);
  await using coder = await startFakeCoder({ rateLimit: -1 });
  const { user, token } = coder.state.addOwner();
  addVersion(coder.state, addTemplate(coder.state, "docker"), new Uint8Array());
  await using rig = await startAppRig({ coders: { "lab/coder": { url: coder.url, token } }, replicas: 1 });
  const as = await readKeyPair(rig.cluster.dir, "admin");
  const through = (index: number): AppRig => Object.create(rig, { replica: { value: rig.replicas[index] } });
  const ask = async (index: number, method: string, path: string, body: object) => {
    const headers = {
      "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
    };
    try {
      return (await askDirectly(through(index), path, { as, method, headers, body: JSON.stringify(body) }))
        .status;
    } catch {
      return 0;
    }
  };
  const deeds: Deed[] = [];
  const marks = (annotation: string) => ({ annotations: { [annotation]: "here" } });
  const write = async (number: number) => {
    const [annotation, index] = [`example.com/w${number}`, below(random, 2)];
    const created = deeds.filter(({ verb, code }) => verb === "create" && code === 201);
    if (created.length < 4 || random() < 0.15) {
      const name = `coder.${user.username}.n${number}`;
      const body = {
        apiVersion: "aggregation.coder.com/v1alpha1",
        kind: "CoderWorkspace",
        metadata: { name, ...marks(annotation) },
        spec: { templateName: "docker" },
      };
      deeds.push({ verb: "create", name, annotation, code: await ask(index, "POST", PATH, body) });
      return;
    }
    const { name } = pick(random, created);
    const spec = random() < 0.5 ? { running: random() < 0.5 } : { ttlMillis: (number + 1) * 60_000 };
    const body = { metadata: marks(annotation), spec };
    deeds.push({ verb: "patch", name, annotation, code: await ask(index, "PATCH", `${PATH}/${name}`, body) });
  };
  let count = 0;
  const accepted = () => deeds.filter(({ code }) => code === 200 || code === 201);
  const isEnough = () => accepted().length > WRITES / 3;
  // Where a Coder or a replica is away for long, many are refused at once.
  const deadline = performance.now() + 300_000;
  const isOver = () => count >= WRITES && (isEnough() || performance.now() > deadline);
  const writers = Array.from({ length: WRITERS }, async () => {
    while (!isOver()) await write(count++);
  });
  const running = Promise.all(writers);
  const at = (share: number) =>
    waitFor(() => count >= WRITES * share, { what: "some writes", timeoutMs: 240_000, intervalMs: 20 });
  const life = (async () => {
    await using _ends = endsOf(coder.state, random);
    await running;
  })();
  const trouble = (async () => {
    for (let share = 0.05; share < 0.95; share += 0.03) {
      await at(share);
      coder.faults.add({ method: pick(random, ["POST", "PUT"]), action: pick(random, FAULTS) });
    }
  })();
  await at(0.3);
  coder.cutAll();
  await coder.stop();
  await coder.start();
  await at(0.6);
  await rig.restart();
  await Promise.all([life, trouble]);
  coder.faults.clear();
  assert.deepEqual(coder.violations, []);
  assert.ok(isEnough(), `${accepted().length} were accepted`);
  const objects = async () => {
    const { items }: { items: Shown[] } = await rig.get("/namespaces/lab/coderworkspaces");
    return new Map(items.map(({ metadata }) => [metadata.name, metadata.annotations ?? {}]));
  };
  let shown = await objects();
  const isShown = ({ name, annotation }: Deed) => shown.get(name)?.[annotation] === "here";
  // The replica that is asked hears of what the other one has written.
  await waitFor(async () => {
    shown = await objects();
    return accepted().every(isShown);
  }, { what: "all that was accepted to be shown" }).catch(() => {});
  for (const deed of deeds) {
    const { verb, name, code } = deed;
    const what = `${verb} of ${name}, answered with ${code}`;
    const made = coder.state.workspaces.filter((row) =>
      `coder.${user.username}.${row["name"]}` === name
    ).length;
    if (code === 201) assert.equal(made, 1, what);
    if (verb === "create" && code >= 400 && code < 500) assert.equal(made, 0, what);
    const isThere = isShown(deed);
    if (code === 200 || code === 201) assert.ok(isThere, `${what}: it is lost`);
    if (verb === "patch" && code >= 400 && code < 500) assert.ok(!isThere, `${what}: it is there`);
  }
});

/** Lets builds come to their ends, until it is disposed of. */
function endsOf(state: Parameters<typeof endBuild>[0], random: () => number): AsyncDisposable {
  const timer = setInterval(() => {
    for (const row of state.workspaces) {
      const build = row["latest_build"] as Record<string, unknown>;
      if (!isUnderWay(String(build["status"])) || random() < 0.5) continue;
      if (build["status"] === "pending") pickUpBuild(state, row);
      else endBuild(state, row);
    }
  }, 100);
  return { [Symbol.asyncDispose]: () => Promise.resolve(clearInterval(timer)) };
}
