/** What a fake deployment holds. Tests read and change it freely; handlers do so by request. */
import { randomBytes, randomUUID } from "node:crypto";

export interface FakeUser {
  id: string;
  username: string;
  email: string;
  name: string;
  password: string;
  status: "active" | "dormant" | "suspended";
  login_type: "password" | "none" | "oidc" | "github";
  /** Site roles without `member`. */
  roles: string[];
  organization_ids: string[];
  /** Hidden from lists and counts; no tokens through the API. */
  is_system: boolean;
  deleted: boolean;
  created_at: string;
  updated_at: string;
  last_seen_at: string;
}

export interface FakeKey {
  /** Ten characters, before the dash. */
  id: string;
  /** Twenty-two characters, after it. */
  secret: string;
  user_id: string;
  token_name: string;
  login_type: "token" | "password";
  scopes: string[];
  lifetime_seconds: number;
  last_used: string;
  /** Milliseconds since 1970. */
  expires: number;
  created_at: string;
  updated_at: string;
}

export interface FakeOrganization {
  id: string;
  name: string;
  display_name: string;
  description: string;
  icon: string;
  is_default: boolean;
  created_at: string;
  updated_at: string;
}

export interface FakeLicense {
  id: number;
  uuid: string;
  uploaded_at: string;
  claims: Record<string, unknown>;
  /** The licence itself: never shown, unique. */
  jwt: string;
}

export interface FakeProvisionerKey {
  id: string;
  created_at: string;
  organization: string;
  name: string;
  tags: Record<string, string>;
  /** What `createKey` gave away. */
  secret: string;
}

export interface FakeProxy {
  id: string;
  name: string;
  display_name: string;
  icon_url: string;
  deleted: boolean;
  created_at: string;
  updated_at: string;
  status: "ok" | "unreachable" | "unhealthy" | "unregistered";
  /** `<id>:<64 hex>`. */
  token: string;
}

/** Parameters and presets of a version. */
export interface FakeInputs {
  readonly parameters: readonly {
    name: string;
    type: string;
    mutable: boolean;
    required: boolean;
    default_value?: string;
    options?: { name: string; value: string }[];
  }[];
  readonly presets: readonly { ID: string; Name: string; Parameters: { Name: string; Value: string }[] }[];
}

const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Random letters and digits. */
export function randomText(length: number): string {
  return Array.from(randomBytes(length), (byte) => ALPHANUMERIC[byte % ALPHANUMERIC.length]).join("");
}

/** Seven days, Coder's default and an owner's most, in seconds. */
export const WEEK_SECONDS = 7 * 24 * 3_600;

/** One deployment's database. */
export class FakeState {
  readonly deploymentId: string = randomUUID();
  readonly users = new Map<string, FakeUser>();
  readonly keys = new Map<string, FakeKey>();
  readonly organizations: FakeOrganization[] = [];
  readonly licenses: FakeLicense[] = [];
  readonly provisionerKeys: FakeProvisionerKey[] = [];
  readonly provisionerDaemons: Record<string, unknown>[] = [];
  /** The oldest first. */
  readonly provisionerJobs: Record<string, unknown>[] = [];
  readonly proxies: FakeProxy[] = [];
  /** How coderd itself is shown among the proxies. */
  readonly primaryFace = { display_name: "Default", icon_url: "/emojis/1f3e1.png" };
  readonly templates: Record<string, unknown>[] = [];
  readonly templateVersions: Record<string, unknown>[] = [];
  /** Uploaded archives, by id. */
  readonly files = new Map<string, Uint8Array>();
  /** Ids of files by who uploaded what. */
  readonly fileIds = new Map<string, string>();
  readonly workspaces: Record<string, unknown>[] = [];
  /** Builds that are no workspace's latest, each with its `workspace_id`. */
  readonly pastBuilds: Record<string, unknown>[] = [];
  /** With which values builds were made, by the id of a build. */
  readonly buildParameters = new Map<string, { name: string; value: string }[]>();
  /** What versions of templates want to be told, by their id. */
  readonly versionInputs = new Map<string, FakeInputs>();
  /** Credits of users, by their ids; others have no limit. */
  readonly quotas = new Map<string, { readonly budget: number; readonly consumed: number }>();
  readonly dryRuns: Record<string, unknown>[] = [];
  /** Lines of logs, by the id of a build or of a version. */
  readonly logs = new Map<string, Record<string, unknown>[]>();
  nextLogId = 1;
  /** Environment of coderd, as `/deployment/config` shows it. */
  readonly environment = new Map<string, unknown>();
  nextLicenseId = 1;
  /** When entitlements were last worked out, in milliseconds since 1970. */
  entitlementsAt = 0;
  #offsetMs = 0;

  constructor() {
    const now = this.time();
    this.organizations.push({
      id: randomUUID(),
      name: "coder",
      display_name: "Coder",
      description: "Builtin default organization.",
      icon: "",
      is_default: true,
      created_at: now,
      updated_at: now,
    });
    // A real deployment has this one from its first start; it is not the first user.
    this.addUser({ username: "prebuilds", is_system: true, login_type: "none", roles: [] });
  }

  /** Milliseconds since 1970, as this deployment counts them. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  time(): string {
    return new Date(this.now()).toISOString();
  }

  /** Moves this deployment's time on, so that tokens expire. */
  advance(ms: number): void {
    this.#offsetMs += ms;
  }

  get defaultOrganization(): FakeOrganization {
    return this.organizations.find((one) => one.is_default)!;
  }

  organization(idOrName: string): FakeOrganization | undefined {
    if (idOrName === "default") return this.defaultOrganization;
    return this.organizations.find((one) => one.id === idOrName || one.name === idOrName.toLowerCase());
  }

  /** As a row inserted in the database. */
  addUser(user: Partial<FakeUser> & { username: string }): FakeUser {
    const now = this.time();
    const made: FakeUser = {
      id: randomUUID(),
      email: `${user.username}@example.com`,
      name: "",
      password: "",
      status: "active",
      login_type: "password",
      roles: ["owner"],
      organization_ids: [this.defaultOrganization.id],
      is_system: false,
      deleted: false,
      created_at: now,
      updated_at: now,
      last_seen_at: "0001-01-01T00:00:00Z",
      ...user,
    };
    this.users.set(made.id, made);
    return made;
  }

  /** By id (deleted ones too) or name. */
  user(idOrName: string): FakeUser | undefined {
    const name = idOrName.toLowerCase();
    return this.users.get(idOrName) ??
      [...this.users.values()].find((user) => !user.deleted && user.username.toLowerCase() === name);
  }

  /** As a row inserted in the database: no rules apply. Returns the session token. */
  addToken(user: FakeUser, options: Partial<FakeKey> = {}): string {
    const now = this.time();
    const lifetime = options.lifetime_seconds ?? WEEK_SECONDS;
    const key: FakeKey = {
      id: randomText(10),
      secret: randomText(22),
      user_id: user.id,
      token_name: `token-${randomText(6)}`,
      login_type: "token",
      scopes: ["coder:all"],
      lifetime_seconds: lifetime,
      last_used: "0001-01-01T00:00:00Z",
      expires: this.now() + lifetime * 1_000,
      created_at: now,
      updated_at: now,
      ...options,
    };
    this.keys.set(key.id, key);
    return `${key.id}-${key.secret}`;
  }

  /** An owner and a session token of theirs, in one go. */
  addOwner(username = "admin"): { user: FakeUser; token: string } {
    const user = this.addUser({ username, password: "SomePassword1!" });
    return { user, token: this.addToken(user) };
  }
}
