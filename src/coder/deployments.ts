/** One pool of connections and one request budget for each Coder deployment, however many clients and tokens use it. */
import type { Clock } from "../telemetry/clock.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type BudgetOptions, createBudget, PROMPT_RATE, type RequestBudget } from "./budget.ts";
import { type CoderClient, createCoderClient } from "./client.ts";
import { type CoderTransport, createTransport, type TransportOptions } from "./transport.ts";

/** How to reach a deployment. */
export type DeploymentAddress = Pick<TransportOptions, "url" | "ca" | "tlsServerName">;

export interface DeploymentsOptions {
  metrics?: Metrics;
  clock?: Clock;
  /** @default {"coder-k8s"} */
  userAgent?: string;
  budget?: Omit<BudgetOptions, "metrics" | "clock">;
  /** Makes the way to a deployment; the place for the API server's service proxy. @default a direct connection */
  connect?: (key: string, address: DeploymentAddress) => CoderTransport;
}

export interface Deployments {
  /**
   * A client of the deployment `key` (such as `namespace/name`), under `token`. A changed address closes the old
   * connections. Throws `CoderAddressError` where the address cannot be used.
   */
  client(key: string, address: DeploymentAddress, token?: string): CoderClient;
  /** Closes the connections of a deployment that is gone. */
  forget(key: string): void;
  /** Deployments known now. */
  readonly size: number;
  close(): void;
}

interface Known {
  address: string;
  transport: CoderTransport;
  budget: RequestBudget;
  promptBudget: RequestBudget;
}

export function createDeployments(options: DeploymentsOptions = {}): Deployments {
  const { metrics, clock, userAgent, connect = (_key, address) => createTransport(address) } = options;
  const known = new Map<string, Known>();
  const given = { ...(metrics === undefined ? {} : { metrics }), ...(clock === undefined ? {} : { clock }) };

  function deployment(key: string, address: DeploymentAddress): Known {
    const identity = JSON.stringify([address.url, address.ca ?? "", address.tlsServerName ?? ""]);
    const old = known.get(key);
    if (old?.address === identity) return old;
    const transport = connect(key, address);
    old?.transport.close();
    const budget = createBudget({ ...options.budget, ...given });
    const made = { address: identity, transport, budget, promptBudget: budget.beside(PROMPT_RATE) };
    known.set(key, made);
    return made;
  }

  return {
    client(key, address, token) {
      const { address: _, ...ways } = deployment(key, address);
      return createCoderClient({ ...ways, token, userAgent, ...given });
    },
    forget(key) {
      known.get(key)?.transport.close();
      known.delete(key);
    },
    get size() {
      return known.size;
    },
    close() {
      for (const { transport } of known.values()) transport.close();
      known.clear();
    },
  };
}
