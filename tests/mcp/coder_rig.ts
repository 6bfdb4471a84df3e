/** Coders and callers for tests: a fake Coder behind a backend, and a cluster that knows who may what. */
import { startClientRig } from "../fake-coder/client_rig.ts";
import type { FakeUser } from "../fake-coder/mod.ts";
import type { CoderClient } from "../../src/coder/mod.ts";
import type { AccessRequest } from "../../src/kube/reviews.ts";
import { CountingMetrics } from "../../src/kube/testing/counting_metrics.ts";
import { FakeClock } from "../../src/telemetry/testing/fake_clock.ts";
import type { CallerCluster, McpCaller } from "../../src/caller/types.ts";
import { CallerTokens, type CallerTokensOptions } from "../../src/mcp/coder/caller_tokens.ts";
import type { CoderBackend } from "../../src/mcp/coder/choice.ts";

export type Editable<T> = { -readonly [K in keyof T]: T[K] };

export function backendOf(
  id: string,
  open: CoderBackend["open"],
  more: Partial<CoderBackend> = {},
): Editable<CoderBackend> {
  const [namespace = "", name = ""] = id.split("/");
  return {
    id,
    uid: `uid-${id}`,
    namespace,
    controlPlane: { namespace, name },
    waiting: undefined,
    copy: { addresses: { access: "", apps: "" }, state: () => ({}) },
    open,
    ...more,
  };
}

/** The control planes that are there. */
export function backendsOf(...all: readonly CoderBackend[]) {
  return {
    list: () => all,
    inNamespace: (asked: string) => all.filter(({ namespace }) => namespace === asked),
  };
}

export function callerOf(name: string): McpCaller {
  return { user: { name, groups: [], extra: {} }, method: "token", id: `id-${name}` };
}

/** May do what `allows` says; every question is kept. */
export function clusterOf(allows: (request: AccessRequest) => boolean) {
  const asked: AccessRequest[] = [];
  const cluster: Pick<CallerCluster, "may"> = {
    may(request) {
      asked.push(request);
      return Promise.resolve({ allowed: allows(request), reason: "" });
    },
  };
  return { cluster, asked };
}

/** A Coder with the operator `admin`, and tokens for callers. */
export async function startTokenRig(options: Partial<CallerTokensOptions> = {}) {
  const rig = await startClientRig();
  const clock = new FakeClock();
  const metrics = new CountingMetrics();
  const secrets = new Set<string>();
  const tokens = new CallerTokens({
    rule: { mapping: "username" },
    keepSecret(token) {
      secrets.add(token);
      return () => void secrets.delete(token);
    },
    clock,
    metrics,
    ...options,
  });
  const opened = { client: rig.client as CoderClient | Promise<never> };
  const backend = backendOf("lab/acme", () => Promise.resolve(opened.client));
  return {
    ...rig,
    clock,
    tokens,
    secrets,
    backend,
    opened,
    count: (result: string) => metrics.get("coder_k8s_mcp_coder_tokens_total", { result }),
    addUser: (username: string, more: Partial<FakeUser> = {}) =>
      rig.fake.state.addUser({ username, roles: [], ...more }),
    /** Names of the tokens that somebody has in Coder. */
    tokensOf: (user: FakeUser) =>
      [...rig.fake.state.keys.values()].filter(({ user_id }) => user_id === user.id).map((key) =>
        key.token_name
      ),
    open: (name = "ann", signal = AbortSignal.timeout(5_000)) => tokens.open(backend, { name }, signal),
    async [Symbol.asyncDispose]() {
      const closed = tokens.close();
      await closed;
      await rig[Symbol.asyncDispose]();
    },
  };
}
