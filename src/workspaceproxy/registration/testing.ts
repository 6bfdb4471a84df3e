/** The world around one proxy's registration, in memory: the status, the Secret, the ways to Coder. For tests alone. */
import type { CallOptions, WorkspaceProxy } from "../../coder/mod.ts";
import type { WantedRegistration } from "./decide.ts";
import type { ProxyCalls, ProxyWay, RegistrationEvent, RegistrationPorts, TokenView } from "./ports.ts";
import type { Place, RegistrationRecord } from "./record.ts";
import { type RegistrationMemory, settle, type Settled, type SettleOptions } from "./settle.ts";

/** What goes through the ports. */
export type Operation =
  | "storedRecord"
  | "readToken"
  | "writeToken"
  | "save"
  | "coder"
  | "list"
  | "create"
  | "update"
  | "delete"
  | "checkToken"
  | "maySee";

/** Implements the ports. `hook` runs around each operation and may throw: before it, or after it was carried out. */
export class FakeWorld implements RegistrationPorts {
  record: RegistrationRecord = {};
  secret: TokenView = { state: "missing" };
  isDeleting = false;
  /** By `coderURL`. */
  readonly ways = new Map<string, ProxyWay>();
  readonly events: RegistrationEvent[] = [];
  readonly operations: Operation[] = [];
  hook: (operation: Operation, phase: "before" | "after", details?: unknown) => void = () => {};

  async coder(place: Place): Promise<ProxyWay> {
    return await this.#through("coder", () => {
      const way = this.ways.get(place.coderURL);
      if (way === undefined) return { way: "gone", message: `nobody knows ${place.coderURL}` } as const;
      return way.way === "open" ? { ...way, calls: this.#watched(way.calls) } : way;
    });
  }

  async storedRecord(): Promise<RegistrationRecord | undefined> {
    return await this.#through("storedRecord", () => this.isDeleting ? undefined : this.record);
  }

  async readToken(): Promise<TokenView> {
    return await this.#through("readToken", () => this.secret);
  }

  async writeToken(token: string): Promise<void> {
    await this.#through("writeToken", () => {
      this.secret = { state: "held", token };
    });
  }

  async save(record: RegistrationRecord): Promise<void> {
    await this.#through("save", () => {
      this.record = structuredClone(record);
    }, record);
  }

  tell(event: RegistrationEvent): void {
    this.events.push(event);
  }

  /** Reasons of the events so far, which are forgotten by it. */
  told(): string[] {
    return this.events.splice(0).map(({ reason }) => reason);
  }

  #watched(calls: ProxyCalls): ProxyCalls {
    return {
      list: (options: CallOptions & { fresh: boolean }) =>
        this.#through("list", () => calls.list(options), options),
      create: (face, options) => this.#through("create", () => calls.create(face, options), face),
      update: (id, face, options) =>
        this.#through("update", () => calls.update(id, face, options), { id, ...face }),
      delete: (id, options) => this.#through("delete", () => calls.delete(id, options), id),
      maySee: (options) => this.#through("maySee", () => calls.maySee(options)),
      checkToken: (token, options) =>
        this.#through("checkToken", () => calls.checkToken(token, options), token),
    };
  }

  async #through<T>(operation: Operation, run: () => T | Promise<T>, details?: unknown): Promise<T> {
    this.operations.push(operation);
    this.hook(operation, "before", details);
    const result = await run();
    this.hook(operation, "after", details);
    return result;
  }
}

export const UID = "0f4a6c1e-uid";

/** A place whose credentials are in the Secret `admin`. */
export function place(coderURL: string, fields: Partial<Place> = {}): Place {
  return { coderURL, tokenSecretRef: { name: "admin", key: "token" }, ...fields };
}

export function wanted(coderURL: string, fields: Partial<WantedRegistration> = {}): WantedRegistration {
  return { name: "paris", displayName: "", icon: "", place: place(coderURL), adopt: false, ...fields };
}

/** One look, with the record as it is stored. */
export function look(
  world: FakeWorld,
  want: WantedRegistration | undefined,
  { memory = {}, rolledOut = true, ...options }: Partial<SettleOptions> & {
    memory?: RegistrationMemory;
    rolledOut?: boolean;
  } = {},
): Promise<Settled> {
  const input = { uid: UID, wanted: want, record: world.record, rolledOut, memory };
  const now = options.now ?? (() => new Date("2026-01-01T00:00:00Z"));
  return settle(input, world, { signal: new AbortController().signal, ...options, now });
}

/** As a list of Coder has it. */
export function liveProxy(fields: Partial<WorkspaceProxy> = {}): WorkspaceProxy {
  return {
    id: "11111111-1111-4111-8111-111111111111",
    name: "paris",
    display_name: "Paris",
    icon_url: "/emojis/1f5fc.png",
    healthy: true,
    path_app_url: "https://paris.example.com",
    wildcard_hostname: "*.paris.example.com",
    derp_enabled: true,
    derp_only: false,
    version: "v2.30.0",
    deleted: false,
    status: { status: "ok", report: { errors: [], warnings: [] } },
    ...fields,
  };
}
