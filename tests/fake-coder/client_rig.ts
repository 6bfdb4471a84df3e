/** A fake deployment with a client on it, for tests of what uses the client. */
import { PrometheusMetrics } from "../../src/telemetry/prometheus.ts";
import { type BudgetOptions, createBudget } from "../../src/coder/budget.ts";
import { type CoderClient, createCoderClient } from "../../src/coder/client.ts";
import { CoderError } from "../../src/coder/errors.ts";
import { type CoderTransport, createTransport } from "../../src/coder/transport.ts";
import { type FakeCoder, type FakeCoderOptions, startFakeCoder } from "./fake_coder.ts";
import type { FakeUser } from "./state.ts";

export interface ClientRig extends AsyncDisposable {
  readonly fake: FakeCoder;
  readonly transport: CoderTransport;
  /** Signed in as `owner`. */
  readonly client: CoderClient;
  readonly owner: FakeUser;
  readonly token: string;
  readonly metrics: PrometheusMetrics;
  /** Another client of the same deployment, connections and budget. */
  clientWith(token: string | undefined): CoderClient;
  /** A client under a new user without roles. */
  memberClient(name?: string): CoderClient;
  /** The value of one sample in the metrics; undefined where there is none. */
  sample(name: string, labels?: Readonly<Record<string, string>>): Promise<number | undefined>;
}

export interface ClientRigOptions extends FakeCoderOptions {
  budget?: BudgetOptions;
  timeoutMs?: number;
}

/** Starts both; `await using` ends them and fails where a request broke the rules. */
export async function startClientRig(options: ClientRigOptions = {}): Promise<ClientRig> {
  const { budget: limits, timeoutMs = 60_000, ...given } = options;
  const fake = await startFakeCoder(given);
  const { user: owner, token } = fake.state.addOwner();
  const metrics = new PrometheusMetrics();
  const budget = createBudget({ ...limits, metrics });
  const transport = createTransport({ url: fake.url });
  const clientWith = (token: string | undefined) =>
    createCoderClient({ transport, token, budget, metrics, timeoutMs });
  return {
    fake,
    transport,
    client: clientWith(token),
    owner,
    token,
    metrics,
    clientWith,
    memberClient(name = "member") {
      return clientWith(fake.state.addToken(fake.state.addUser({ username: name, roles: [] })));
    },
    async sample(name, labels = {}) {
      const lines = (await metrics.text()).split("\n").filter((line) => line.startsWith(name));
      const match = lines.find((line) =>
        Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`))
      );
      return match === undefined ? undefined : Number(match.split(" ").at(-1));
    },
    async [Symbol.asyncDispose]() {
      transport.close();
      await fake[Symbol.asyncDispose]();
      fake.assertClean();
    },
  };
}

/** The {@linkcode CoderError} that `call` ends with; throws where it ends otherwise. */
export async function failure(call: Promise<unknown>): Promise<CoderError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CoderError) return error;
    throw error;
  }
  throw new Error("the call succeeded");
}
