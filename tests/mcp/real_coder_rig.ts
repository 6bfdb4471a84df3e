/**
 * What this process serves of a real Coder, asked as an MCP caller asks and as the aggregated API asks, with real builds.
 * What is kept in the cluster is kept in memory here. For tests alone.
 */
import { createWorkbench } from "../../src/actions/workbench.ts";
import { CoderAs } from "../../src/aggregated/resources/coder_as.ts";
import { Resources } from "../../src/aggregated/resources/resources.ts";
import { templateStorage, workspaceStorage } from "../../src/aggregated/resources/storages.ts";
import type { WriteWorld } from "../../src/aggregated/resources/write_world.ts";
import { servedKind } from "../../src/app/mcp/served_kinds.ts";
import { createCoderClient, createTransport } from "../../src/coder/mod.ts";
import type { KubeUser } from "../../src/identity/mod.ts";
import { type Backend, createDeploymentCopy } from "../../src/inventory/mod.ts";
import type { LocalCall } from "../../src/mcp/caller/local_kinds.ts";
import { CallerTokens, changesAs } from "../../src/mcp/coder/mod.ts";
import { acme, MemoryCluster, putControlPlane, startReplica } from "../../src/shadow/testing.ts";
import { waitFor } from "../cluster/mod.ts";
import { type Coderd, uniqueName } from "../coder/mod.ts";

export const NAMESPACE = acme.namespace;

export interface Person {
  readonly id: string;
  readonly username: string;
}

export type RealCoderRig = Awaited<ReturnType<typeof startRealCoderRig>>;

/** Starts it on a Coder; its first user is the operator. */
export async function startRealCoderRig(coderd: Coderd) {
  const { token, username: operator, organizationId } = await coderd.firstUser();
  const transport = createTransport({ url: coderd.url });
  const client = createCoderClient({ transport, token });
  const end = new AbortController();
  const cluster = new MemoryCluster();
  const uid = putControlPlane(cluster, acme);
  const replica = startReplica(cluster, { owner: { ...acme, uid } });
  const { keeping, keepings } = replica;
  await keepings.whenSynced(replica.signal);
  const list: Backend[] = [];
  const resources = new Resources({
    overlay: (_backend, kind, id) =>
      kind === "workspaces"
        ? { shadow: keeping.shadows.get(kind, id)?.record, wish: keeping.wishFor(id) }
        : { shadow: keeping.shadows.get(kind, id)?.record, change: keeping.changeOf(id) },
  });
  resources.of({ list: () => list });
  const open = () => Promise.resolve(client);
  const backend = { ...acme, naming: "Auto", createdAt: "", waiting: undefined, uid, open } as unknown as {
    -readonly [K in keyof Backend]: Backend[K];
  };
  list.push(backend);
  backend.copy = createDeploymentCopy({
    source: { open, refused() {} },
    listener: resources.listen(backend),
    pollMs: 1_000,
  });
  const bench = createWorkbench({
    backend,
    wishes: keeping.wishes,
    changes: keeping.changes,
    audit: { write() {}, template() {} },
    wait: { timeoutMs: 60_000, backoffAfterMs: 0, initialMs: 100, maxMs: 100 },
  });
  resources.changed();
  keepings.subscribe((owner, { kind, id }) => {
    resources.retell(owner, kind, id);
    bench.wake();
  });
  const tokens = new CallerTokens({ rule: { mapping: "username" }, keepSecret: () => () => {} });
  const running = [backend.copy.run(end.signal), bench.run(end.signal), tokens.run(end.signal)];
  const world: WriteWorld = {
    workbench: () => bench,
    keeping: () => keeping,
    namespaceState: () => Promise.resolve("active"),
    secretValue: () => Promise.reject(new Error("there are no secrets")),
  };
  const authorize = () => Promise.resolve({ allowed: true as const, reason: "" });
  const kind = (storage: Parameters<typeof servedKind>[0]["storage"], isOwn: boolean) =>
    servedKind({
      storage,
      authorize,
      warnings: () => [],
      ...(isOwn ? { carriesFor: (user: KubeUser) => new CoderAs(changesAs(tokens, { user })) } : {}),
    });
  const workspaces = workspaceStorage(resources, undefined, {}, world);
  const templates = templateStorage(resources, {}, world);
  return {
    coderd,
    client,
    operator,
    tokens,
    bench,
    resources,
    /** As MCP callers ask. */
    workspaces: kind(workspaces, true),
    templates: kind(templates, true),
    /** As everybody else does. */
    otherWorkspaces: kind(workspaces, false),
    call: (name: string): LocalCall => ({
      user: { name, groups: [], extra: {} },
      signal: AbortSignal.timeout(120_000),
      warn() {},
    }),
    /** A user of Coder; `roles` beside `member`. */
    async addUser(roles: readonly string[] = []): Promise<Person> {
      const username = uniqueName("user");
      const { id } = await coderd.request("POST", "/api/v2/users", {
        token,
        body: {
          username,
          email: `${username}@example.com`,
          password: "Correct-Horse-Battery-1",
          login_type: "password",
          user_status: "active",
          organization_ids: [organizationId],
        },
      });
      if (roles.length > 0) {
        await coderd.request("PUT", `/api/v2/users/${id}/roles`, { token, body: { roles } });
      }
      return { id, username };
    },
    /** Transitions of a workspace and who began them, the oldest first. */
    async builds(id: string): Promise<[string, string][]> {
      const builds: { build_number: number; transition: string; initiator_name: string }[] = await coderd
        .request(
          "GET",
          `/api/v2/workspaces/${id}/builds`,
          { token },
        );
      return builds.sort((a, b) => a.build_number - b.build_number)
        .map(({ transition, initiator_name }) => [transition, initiator_name]);
    },
    /** Names of the tokens that somebody has. */
    async tokensOf({ id }: Person): Promise<string[]> {
      return (await client.tokens.list(id)).map(({ token_name }) => token_name);
    },
    /** Waits until a workspace is shown, and is so. */
    async rests(name: string, status: string): Promise<void> {
      await waitFor(() => {
        const object = resources.workspaces.collection.get({ namespace: NAMESPACE, name });
        const now = object?.status.latestBuildStatus;
        if (now !== status) throw new Error(`it is ${now}`);
        return true;
      }, { timeoutMs: 120_000, what: `${name} to be ${status}` });
    },
    async [Symbol.asyncDispose]() {
      await tokens.close();
      end.abort(new Error("stop"));
      await Promise.all(running);
      await replica[Symbol.asyncDispose]();
      transport.close();
    },
  };
}
