/** Visits with the operator's access: Secrets with owners, and a fake of Coder's database beside its fake API. */
import assert from "node:assert/strict";
import { ConfigMaps } from "../../src/api/kubernetes/resources.ts";
import { keyText, type KubeObject, type ObjectKey, type ResourceType } from "../../src/api/object.ts";
import {
  type DatabaseAddress,
  DatabaseError,
  type OperatorDatabase,
  type StoredToken,
} from "../../src/coder/database/mod.ts";
import { accessStep } from "../../src/controlplane/coder/access/access.ts";
import { OPERATOR_USER } from "../../src/controlplane/coder/access/access_identity.ts";
import { reachStep } from "../../src/controlplane/coder/reach_step.ts";
import type { VisitStep, VisitTools } from "../../src/controlplane/coder/visit.ts";
import type { ApplyOptions } from "../../src/kube/applier.ts";
import { claim } from "../../src/kube/apply/ownership.ts";
import { isControlledBy } from "../../src/kube/apply/owner_references.ts";
import { KubeApiError } from "../../src/kube/errors.ts";
import { operatorTokenName } from "../../src/workload/names.ts";
import { type FakeCoder, type FakeKey, type FakeUser, startFakeCoder } from "../fake-coder/mod.ts";
import { VisitRig, type VisitRigOptions } from "./visit_rig.ts";

/** The names of the tokens of `a/coder`. */
export const FIRST = operatorTokenName("a", "coder");
export const SECOND = `${FIRST}-b`;
/** Where its token is. */
export const TOKEN_SECRET = "coder-operator-token";
/** A database of which the rig's fake knows nothing but the address. */
export const WITH_DATABASE = {
  extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value: "postgres://coder:pg-password@db/coder" }],
};
/** What `WITH_DATABASE` must never show. */
export const PASSWORD = "pg-password";

export const DAY = 86_400_000;
export const MINUTE = 60_000;

interface StoredObject extends KubeObject {
  data: Record<string, string>;
}

const owner = (uid = "uid-1") => ({
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  name: "coder",
  uid,
  controller: true,
});

/** Coder's database, as far as the operator's access goes: the fake's own users and keys. */
export class FakeDatabase implements OperatorDatabase {
  readonly calls: string[] = [];
  readonly addresses: DatabaseAddress[] = [];
  /** Every call fails so. */
  fails: Error | undefined;
  /** No call ends before its signal does. */
  hangs = false;
  /** The next answer to `ensureToken` is lost after it was carried out. */
  losesAnswer = false;

  constructor(readonly fake: FakeCoder) {}

  user(): FakeUser | undefined {
    const user = this.fake.state.user(OPERATOR_USER.username);
    if (user !== undefined && !user.is_system) throw new DatabaseError("somebody's account", "foreignUser");
    return user;
  }

  keys(): FakeKey[] {
    return [...this.fake.state.keys.values()].filter(({ token_name }) => token_name.startsWith(FIRST));
  }

  async ensureToken(...[address, request, signal]: Parameters<OperatorDatabase["ensureToken"]>) {
    this.calls.push(request.renew === true ? "renew" : "ensure");
    await this.#begin(address, signal);
    const { state } = this.fake;
    const user = this.user() ??
      state.addUser({
        username: OPERATOR_USER.username,
        email: OPERATOR_USER.email,
        is_system: true,
        login_type: "none",
      });
    user.status = "active";
    const [id, secret] = (request.token ?? "").split("-");
    const stored = () => this.keys().filter((key) => request.names.includes(key.token_name));
    const inUse = stored().find((key) => key.id === id && key.secret === secret && key.expires > state.now());
    if (inUse !== undefined && request.renew !== true) {
      return { outcome: "kept" as const, current: plain(inUse), others: besides(inUse, stored()) };
    }
    const name = request.names.find((each) => stored().every(({ token_name }) => token_name !== each)) ??
      stored().find((key) => key !== inUse)?.token_name ?? "";
    for (const key of stored()) if (key.token_name === name) state.keys.delete(key.id);
    const token = state.addToken(user, { token_name: name, lifetime_seconds: request.lifetimeMs / 1_000 });
    const current = stored().find((key) => key.token_name === name)!;
    current.last_used = current.created_at;
    if (this.losesAnswer) {
      this.losesAnswer = false;
      throw new DatabaseError("the connection broke", "unreachable");
    }
    return { outcome: "made" as const, token, current: plain(current), others: besides(current, stored()) };
  }

  async revoke(...[address, request, signal]: Parameters<OperatorDatabase["revoke"]>) {
    this.calls.push("revoke");
    await this.#begin(address, signal);
    const user = this.fake.state.user(request.user.username);
    const gone = this.keys().filter((key) =>
      user?.is_system === true && request.names.includes(key.token_name) && key.id !== request.keepId
    );
    for (const { id } of gone) this.fake.state.keys.delete(id);
    return gone.length;
  }

  /** What `migration` says. */
  migrated = { version: 412, dirty: false };

  async migration(...[address, signal]: Parameters<OperatorDatabase["migration"]>) {
    this.calls.push("migration");
    await this.#begin(address, signal);
    return this.migrated;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #begin(address: DatabaseAddress, signal: AbortSignal): Promise<void> {
    this.addresses.push(address);
    if (this.hangs) {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }
    if (this.fails !== undefined) throw this.fails;
  }
}

function plain(key: FakeKey): StoredToken {
  return {
    id: key.id,
    name: key.token_name,
    createdAt: new Date(key.created_at),
    expiresAt: new Date(key.expires),
    lifetimeMs: key.lifetime_seconds * 1_000,
    lastUsedAt: new Date(key.last_used),
  };
}

function besides(one: FakeKey, keys: readonly FakeKey[]): StoredToken[] {
  return keys.filter((key) => key !== one).map(plain);
}

/** One control plane `a/coder` with its access. */
export class AccessRig extends VisitRig {
  readonly database: FakeDatabase;
  readonly objects = new Map<string, StoredObject>();
  /** Writes of Secrets, as `apply NAME` or `delete NAME`. */
  readonly secretWrites: string[] = [];
  /** Writes of Secrets fail so. */
  writesFail: Error | undefined;
  readonly access: VisitStep;
  #version = 0;

  constructor(fake: FakeCoder, options: VisitRigOptions) {
    super(fake, options);
    this.database = new FakeDatabase(fake);
    this.access = accessStep();
  }

  /** What the step gave to later ones at the last visit. */
  seen: string | undefined;

  get steps(): VisitStep[] {
    const run: VisitStep["run"] = (visit) => Promise.resolve(void (this.seen = visit.token));
    return [this.#reach, this.access, { name: "Later", run }];
  }
  readonly #reach = reachStep();

  /** A visit to the control plane with all steps. */
  async look(): Promise<void> {
    await this.visit(this.steps);
  }

  /** The control plane is being deleted. */
  async end(step = this.access): Promise<void> {
    await this.visit([{ name: "End", run: async (visit, tools) => await step.end?.(visit, tools) }]);
  }

  /** The same control plane, seen by a process that has just started. */
  get restarted(): VisitStep[] {
    return [reachStep(), accessStep()];
  }

  override secret(name: string, data: Record<string, string> | null): void {
    this.put("Secret", name, data);
  }

  /** Stores a Secret or a ConfigMap; without `owners` a user's. */
  put(
    kind: string,
    name: string,
    data: Record<string, string> | null,
    ownerReferences: unknown[] = [],
  ): void {
    const key = `${kind} a/${name}`;
    if (data === null) return void this.objects.delete(key);
    const values = Object.entries(data).map((
      [field, value],
    ) => [field, kind === "Secret" ? btoa(value) : value]);
    this.objects.set(key, {
      apiVersion: "v1",
      kind,
      metadata: {
        name,
        namespace: "a",
        uid: key,
        resourceVersion: `${++this.#version}`,
        ownerReferences,
      } as never,
      data: Object.fromEntries(values),
    });
  }

  /** The control plane's own Secret, as an earlier process or the Go operator left it. */
  tokenSecret(token: string | null, { name = TOKEN_SECRET, uid = "uid-1" } = {}): void {
    this.put("Secret", name, token === null ? null : { token }, [owner(uid)]);
  }

  /** The token in the Secret. */
  stored(name = TOKEN_SECRET): string | undefined {
    const encoded = this.objects.get(`Secret a/${name}`)?.data["token"];
    return encoded === undefined ? undefined : atob(encoded);
  }

  /** A token of the operator, as its database has it, and a Secret and a status that go with it. */
  takenOver(options: Partial<FakeKey> = {}): string {
    const user = this.database.user() ?? this.fake.state.addUser({
      username: OPERATOR_USER.username,
      email: OPERATOR_USER.email,
      is_system: true,
      login_type: "none",
    });
    const token = this.fake.state.addToken(user, {
      token_name: FIRST,
      lifetime_seconds: 365 * 86_400,
      expires: this.fake.state.now() + 365 * DAY,
      ...options,
    });
    this.tokenSecret(token);
    Object.assign(this.status, {
      operatorAccessReady: true,
      operatorTokenSecretRef: { name: TOKEN_SECRET, key: "token" },
    });
    return token;
  }

  /** Names of the tokens that Coder has, oldest first. */
  get tokens(): string[] {
    return this.database.keys().map(({ token_name }) => token_name);
  }

  override tools(): VisitTools {
    const tools = super.tools();
    const get = (type: ResourceType, key: ObjectKey) => {
      this.secretReads++;
      if (this.secretsRefuse !== undefined) return Promise.reject(this.secretsRefuse);
      const found = this.objects.get(`${type.kind} ${keyText(key)}`);
      const call = { method: "GET", path: `/${type.plural}/${key.name}` };
      return found === undefined
        ? Promise.reject(new KubeApiError(404, "NotFound", "not found", call))
        : Promise.resolve(structuredClone(found));
    };
    const cached = (kind: string) => ({
      get: (key: ObjectKey) => this.objects.get(`${kind} ${keyText(key)}`),
    });
    return {
      ...tools,
      client: { get },
      kinds: { secrets: cached("Secret"), configMaps: cached(ConfigMaps.kind) },
      database: this.database,
      now: () => new Date(this.fake.state.now()),
      applier: {
        apply: (type: ResourceType, desired: StoredObject, options: ApplyOptions) =>
          Promise.resolve(this.#apply(type, desired, options)),
        deleteOwned: (type: ResourceType, key: ObjectKey, by: KubeObject) =>
          Promise.resolve(this.#deleteOwned(type, key, by)),
      },
    } as unknown as VisitTools;
  }

  #apply(type: ResourceType, desired: StoredObject, options: ApplyOptions) {
    const { name = "" } = desired.metadata;
    this.secretWrites.push(`apply ${name}`);
    if (this.writesFail !== undefined) throw this.writesFail;
    const live = this.objects.get(`Secret a/${name}`);
    const leftOver = live?.metadata.ownerReferences?.[0]?.uid === "uid-0";
    if (live !== undefined && !leftOver) claim(type, live, { owner: options.owner });
    const data = { ...(leftOver ? {} : live?.data), ...desired.data };
    const text = Object.entries(data).map(([field, value]) => [field, atob(value)]);
    this.put("Secret", name, Object.fromEntries(text), [owner()]);
    return { object: desired, outcome: live === undefined ? "created" : "configured" };
  }

  #deleteOwned(type: ResourceType, key: ObjectKey, by: KubeObject): boolean {
    const id = `${type.kind} ${keyText(key)}`;
    const live = this.objects.get(id);
    if (live === undefined || !isControlledBy(live, by)) return false;
    this.secretWrites.push(`delete ${key.name}`);
    return this.objects.delete(id);
  }
}

/** Starts a rig; `await using` ends it and fails where a request broke the rules. */
export async function startAccessRig(options: VisitRigOptions = {}): Promise<AccessRig> {
  return new AccessRig(await startFakeCoder(), { spec: WITH_DATABASE, ...options });
}

/** The route that tells whether a token works. */
export const LIST = "/api/v2/users/{user}/keys/tokens";

/** How often Coder was asked about tokens. */
export function asked(rig: AccessRig): number {
  return rig.fake.count({ method: "GET", route: LIST });
}

/** Nothing that was said anywhere holds a secret. */
export function assertNoSecrets(rig: AccessRig): void {
  const said = JSON.stringify([rig.status, rig.events, rig.lines]);
  const secrets = [PASSWORD, ...[...rig.fake.state.keys.values()].map(({ secret }) => secret)];
  for (const secret of secrets) assert.ok(!said.includes(secret), "a secret was said");
}
