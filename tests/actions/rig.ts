/** Actions on a fake Coder in this process: no sockets, and a clock that tests move. */
import {
  createWorkspaceActions,
  Keeper,
  MemoryWishStore,
  Turns,
  type WishStore,
  type WorkspaceActions,
} from "../../src/actions/mod.ts";
import type { ActionWorld, AuditEntry } from "../../src/actions/mod.ts";
import {
  type CoderClient,
  createBudget,
  createCoderClient,
  type TransportAnswer,
  TransportFailure,
  type TransportRequest,
} from "../../src/coder/mod.ts";
import type { Workspace } from "../../src/inventory/mod.ts";
import { answer } from "../fake-coder/pipeline.ts";
import { RateLimiter } from "../fake-coder/rate_limit.ts";
import type { Reply } from "../fake-coder/reply.ts";
import { allRoutes } from "../fake-coder/routes/all.ts";
import { addTemplate, addVersion, addWorkspace, endBuild, pickUpBuild } from "../fake-coder/mod.ts";
import { isActive } from "../fake-coder/life.ts";
import { defaultSettings } from "../fake-coder/settings.ts";
import { FakeState } from "../fake-coder/state.ts";

type Row = Record<string, unknown>;

/** What becomes of a request in place of what should. */
export type RigFault =
  /** It never arrives. */
  | "refused"
  /** It breaks before it arrives, and nobody can know. */
  | "dropped"
  /** It is carried out, and the answer is lost. */
  | "lost"
  | Reply;

/** A build that Coder took. */
export interface Built {
  readonly workspace: string;
  readonly number: number;
  readonly transition: string;
}

const START_MS = Date.parse("2026-01-01T00:00:00Z");

export class ActionRig {
  readonly state = new FakeState();
  readonly settings = { ...defaultSettings(), rateLimit: -1 };
  readonly store: WishStore;
  readonly audit: AuditEntry[] = [];
  /** What was entered into the copy, as `a stop pending`, `gone`. */
  readonly observed: string[] = [];
  readonly copy = new Map<string, Workspace>();
  readonly violations: string[] = [];
  /** Of what changes something: methods and paths, as they arrived. */
  readonly writes: string[] = [];
  /** The same with what was sent, and what came of it. */
  readonly carriedOut: { method: string; path: string; body: string; status: number }[] = [];
  readonly built: Built[] = [];
  /** Numbers of builds that ended as failed, by workspace. */
  readonly failed = new Map<string, Set<number>>();
  /** Asked for every request that changes something, or for every request. */
  fault: (method: string, path: string) => RigFault | undefined = () => undefined;
  /** Called before every request and every access to the store. */
  pause: () => Promise<void> = () => Promise.resolve();
  now = START_MS;
  readonly signal = new AbortController().signal;
  readonly owner;
  readonly template;
  readonly client: CoderClient;
  #ids = 0;

  constructor(store: WishStore = new MemoryWishStore()) {
    this.store = store;
    this.state.now = () => this.now;
    const { user, token } = this.state.addOwner();
    // Tokens are prolonged by use, and this clock runs fast.
    for (const key of this.state.keys.values()) key.expires = this.now + 1e12;
    this.owner = user;
    this.template = addTemplate(this.state, "docker");
    addVersion(this.state, this.template, new Uint8Array());
    this.client = createCoderClient({
      transport: { address: "http://coder.test", send: (request) => this.#send(request), close() {} },
      token,
      budget: createBudget({ perMinute: 1e9, burst: 1e9 }),
    });
  }

  /** The world of one replica. */
  world(): ActionWorld {
    const { store, state: _ } = this;
    const paused = <T>(run: () => Promise<T>) => this.pause().then(run);
    return {
      open: () => Promise.resolve(this.client),
      store: {
        read: (...given) => paused(() => store.read(...given)),
        write: (...given) => paused(() => store.write(...given)),
        remove: (...given) => paused(() => store.remove(...given)),
        list: (...given) => paused(() => store.list(...given)),
      },
      copy: {
        workspace: (id) => this.copy.get(id),
        observeWorkspace: (workspace) => {
          this.copy.set(workspace.id, workspace);
          const { transition, status } = workspace.latest_build;
          this.observed.push(`${workspace.name} ${transition} ${status}`);
        },
        observeBuild: (id, build) => {
          const workspace = this.copy.get(id);
          if (workspace !== undefined) this.copy.set(id, { ...workspace, latest_build: build });
          this.observed.push(`${workspace?.name} ${build.transition} ${build.status}`);
        },
        observeGone: (_kind, id) => {
          this.copy.delete(id);
          this.observed.push("gone");
        },
      },
      audit: { write: (entry) => void this.audit.push(entry) },
      now: () => this.now,
      newId: () => `wish-${++this.#ids}`,
    };
  }

  /** Actions and keeper of one replica. */
  replica(): { actions: WorkspaceActions; keeper: Keeper } {
    const world = this.world();
    const turns = new Turns();
    return { actions: createWorkspaceActions(world, turns), keeper: new Keeper({ world, turns }) };
  }

  /** A workspace whose latest build is over. */
  addWorkspace(name: string, status = "running"): string {
    const row: Row = addWorkspace(this.state, this.owner, name);
    const transition = { running: "start", stopped: "stop" }[status] ?? "start";
    Object.assign(row["latest_build"] as Row, { status, transition });
    return String(row["id"]);
  }

  row(id: string): Row {
    return this.state.workspaces.find((one) => one["id"] === id)!;
  }

  /** `stop pending`, as Coder has it. */
  shown(id: string): string {
    const { transition, status } = this.row(id)["latest_build"] as Row;
    return `${transition} ${status}`;
  }

  /** Lets the build that is active end. */
  end(id: string, failure?: string): void {
    const row = this.row(id);
    if (!isActive(row["latest_build"] as Row)) return;
    if (failure !== undefined) {
      const number = Number((row["latest_build"] as Row)["build_number"]);
      this.failed.set(id, new Set([...this.failed.get(id) ?? [], number]));
    }
    pickUpBuild(this.state, row);
    endBuild(this.state, row, failure);
  }

  /** `start`, `stop`, … as they were taken by Coder, of one workspace. */
  builds(id: string): string[] {
    return this.built.filter(({ workspace }) => workspace === id).map(({ transition }) => transition);
  }

  async #send({ method, path: full, headers, body: sent = "" }: TransportRequest): Promise<TransportAnswer> {
    const body = typeof sent === "string" ? sent : "";
    await this.pause();
    const [path = "", query = ""] = full.split("?", 2);
    const fault = this.fault(method, path);
    if (fault === "refused") throw new TransportFailure("connectionRefused", "refused", false);
    if (fault === "dropped") throw new TransportFailure("connectionBroken", "broken", true);
    if (fault !== undefined && fault !== "lost") return this.#answer(fault);
    const lower = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    if (body !== "") lower["content-length"] = String(new TextEncoder().encode(body).length);
    const before = this.#numbers();
    const reply = answer(
      {
        state: this.state,
        settings: this.settings,
        limiter: new RateLimiter(),
        routes: allRoutes,
        violation: (problem) => void this.violations.push(`${method} ${path}: ${problem}`),
      },
      {
        method,
        path,
        query: new URLSearchParams(query),
        headers: lower,
        body,
        bytes: new TextEncoder().encode(body),
      },
    );
    if (method !== "GET") {
      this.writes.push(`${method} ${path.split("/").at(-1)} ${reply.status}`);
      this.carriedOut.push({ method, path, body, status: reply.status });
    }
    this.#note(before);
    await this.pause();
    if (fault === "lost") throw new TransportFailure("connectionBroken", "broken", true);
    return this.#answer(reply);
  }

  #numbers(): Map<unknown, unknown> {
    return new Map(
      this.state.workspaces.map((one) => [one["id"], (one["latest_build"] as Row)["build_number"]]),
    );
  }

  #note(before: Map<unknown, unknown>): void {
    for (const one of this.state.workspaces) {
      const { build_number: number, transition } = one["latest_build"] as Row;
      if (before.get(one["id"]) === number) continue;
      this.built.push({
        workspace: String(one["id"]),
        number: Number(number),
        transition: String(transition),
      });
    }
  }

  #answer(reply: Reply) {
    const type = reply.json === undefined ? {} : { "content-type": "application/json; charset=utf-8" };
    return {
      status: reply.status,
      headers: { "x-coder-build-version": this.settings.version, ...type },
      body: reply.text ?? (reply.json === undefined ? "" : JSON.stringify(reply.json)),
    };
  }
}
