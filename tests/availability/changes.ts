/** Users who change control planes all the time; each change is made, however often it takes. */
import { seededRandom } from "../../src/telemetry/testing/random.ts";
import { type Cluster, sleep, waitFor } from "../cluster/mod.ts";
import { shortcomings } from "../faults/shortcomings.ts";

export interface Changes extends AsyncDisposable {
  /** How many were made so far. */
  readonly made: number;
  /** Waits until every control plane is what was last asked for. */
  settled(timeoutMs?: number): Promise<void>;
}

export interface ChangesOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly count: number;
  readonly seed: number;
  /** Between two changes, in milliseconds. @default {250} */
  readonly pauseMs?: number;
}

/** Makes the control planes, and then changes one after the other. */
export async function startChanges(options: ChangesOptions): Promise<Changes> {
  const { cluster, namespace, count, seed, pauseMs = 250 } = options;
  const path = `/apis/coder.com/v1alpha1/namespaces/${namespace}/codercontrolplanes`;
  const names = Array.from({ length: count }, (_, index) => `plane-${index}`);
  for (const name of names) {
    await cluster.request("POST", path, {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name },
      spec: {},
    });
  }
  const random = seededRandom(seed);
  const stop = new AbortController();
  let made = 0;

  const running = (async () => {
    while (!stop.signal.aborted) {
      const name = names[Math.floor(random() * names.length)];
      const spec = random() < 0.5
        ? { replicas: 1 + Math.floor(random() * 3) }
        : { image: `ghcr.io/coder/coder:v2.30.${made}` };
      await waitFor(async () => await cluster.request("PATCH", `${path}/${name}`, { spec }), {
        what: `a change of ${name} to be taken`,
        timeoutMs: 180_000,
        intervalMs: 100,
      });
      made++;
      await sleep(pauseMs, stop.signal).catch(() => {});
    }
  })();

  async function settled(name: string, timeoutMs: number): Promise<void> {
    const child = (group: string, resource: string) =>
      cluster.find(`${group}/v1/namespaces/${namespace}/${resource}/${name}`);
    await waitFor(async () => {
      const plane = await cluster.find(`${path}/${name}`);
      if (plane === undefined) throw new Error(`${name} is not there`);
      const [deployment, service, serviceAccount] = await Promise.all([
        child("/apis/apps", "deployments"),
        child("/api", "services"),
        child("/api", "serviceaccounts"),
      ]);
      const wrong = shortcomings(plane, { deployment, service, serviceAccount });
      return wrong.length === 0 || Promise.reject(new Error(wrong.join("; ")));
    }, { what: `${name} to equal its spec`, timeoutMs });
  }

  return {
    get made() {
      return made;
    },
    async settled(timeoutMs = 180_000) {
      for (const name of names) await settled(name, timeoutMs);
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("enough was changed"));
      await running;
    },
  };
}
