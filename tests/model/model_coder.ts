/** A Coder deployment without sockets: the strict fake server answers, and requests come over the wire. */
import type { CoderTransport, TransportAnswer } from "../../src/coder/mod.ts";
import { TransportFailure } from "../../src/coder/mod.ts";
import { answer, type World as Pipeline } from "../fake-coder/pipeline.ts";
import { RateLimiter } from "../fake-coder/rate_limit.ts";
import type { Reply } from "../fake-coder/reply.ts";
import { allRoutes } from "../fake-coder/routes/all.ts";
import { fakeLicense } from "../fake-coder/mod.ts";
import { defaultSettings, type FakeCoderSettings } from "../fake-coder/settings.ts";
import { FakeState } from "../fake-coder/state.ts";
import type { VirtualClock } from "./virtual_clock.ts";
import type { Sender, Wire } from "./wire.ts";

/** A request as Coder sees it. */
export interface CoderCall {
  readonly at: number;
  readonly from: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** Nobody waits for the answer any more. */
  readonly late: boolean;
  /** 0 where no answer was made. */
  status: number;
}

/** What goes wrong at Coder itself. Each is used up by one request. */
export type CoderFault =
  /** This is answered, and nothing is done. */
  | { readonly answer: Reply; readonly foreign?: true }
  /** It is done, and this is answered. */
  | { readonly instead: Reply; readonly foreign?: true };

/** See the file's head. */
export class ModelCoder {
  readonly state: FakeState;
  readonly settings: FakeCoderSettings = defaultSettings();
  /** For the next requests, in order. */
  readonly faults: CoderFault[] = [];
  readonly calls: CoderCall[] = [];
  /** What requests did that none of ours may do. */
  readonly violations: string[] = [];
  /** Nobody answers. */
  up = true;
  /** Called before a request is carried out. */
  watch: (call: CoderCall) => void = () => {};
  readonly #world: Pipeline;

  constructor(readonly name: string, readonly clock: VirtualClock) {
    this.state = new FakeState();
    this.state.now = () => clock.now();
    this.#world = {
      state: this.state,
      settings: this.settings,
      limiter: new RateLimiter(),
      routes: allRoutes,
      violation: (problem) => this.violations.push(problem),
    };
  }

  /** An entitlement for everything, or none. */
  license(given: boolean): void {
    const { licenses } = this.state;
    licenses.length = 0;
    if (!given) return;
    const claims = JSON.parse(atob(fakeLicense().split(".")[1] ?? ""));
    licenses.push({
      id: 1,
      uuid: crypto.randomUUID(),
      uploaded_at: this.state.time(),
      claims: { ...claims, exp: Math.floor(this.clock.now() / 1_000) + 1e9 },
      jwt: "x",
    });
  }

  get isLicensed(): boolean {
    return this.state.licenses.length > 0;
  }

  transport(wire: Wire, from: Sender, address: string): CoderTransport {
    return {
      address,
      send: ({ method, path, headers, body: sent, signal, timeoutMs }) => {
        // Nobody uploads anything here.
        const body = typeof sent === "string" ? sent : undefined;
        return wire.send<TransportAnswer>({
          from,
          to: this.name,
          what: `${method} ${path}`,
          writes: method !== "GET",
          serve: (late) => this.#serve({ from, late, method, path, headers, body: textOf(body) }),
          broken: (why) => {
            if (why === "aborted") return new TransportFailure("aborted", "ended by the caller", true);
            if (why === "timeout") return new TransportFailure("timeout", "no answer in time", true);
            return why === "refused"
              ? new TransportFailure("connectionRefused", "connection refused", false)
              : new TransportFailure("connectionBroken", "the connection broke", true);
          },
          timeoutMs,
          signal,
        });
      },
      close() {},
    };
  }

  #serve({ from, late, method, path: full, headers, body = "" }: {
    from: Sender;
    late: boolean;
    method: string;
    path: string;
    headers: Readonly<Record<string, string>>;
    body: string | undefined;
  }): TransportAnswer {
    if (!this.up) throw new TransportFailure("connectionRefused", "connection refused", false);
    const [path = "", query = ""] = full.split("?", 2);
    const call: CoderCall = {
      at: this.clock.now(),
      from: from.name,
      method,
      path,
      body: body === "" ? undefined : JSON.parse(body),
      late,
      status: 0,
    };
    this.calls.push(call);
    const fault = this.faults.shift();
    if (fault !== undefined && "answer" in fault) {
      call.status = fault.answer.status;
      return this.#answer(fault.answer, fault.foreign);
    }
    this.watch(call);
    const lower = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    // As transports add it.
    if (body !== "") lower["content-length"] = String(new TextEncoder().encode(body).length);
    const reply = answer(this.#world, {
      method,
      path,
      query: new URLSearchParams(query),
      headers: lower,
      body,
      bytes: new TextEncoder().encode(body),
    });
    call.status = reply.status;
    return fault === undefined ? this.#answer(reply) : this.#answer(fault.instead, fault.foreign);
  }

  /** As the server of the fake sends it. */
  #answer(reply: Reply, foreign = false): TransportAnswer {
    const type = reply.text === undefined ? "application/json; charset=utf-8" : "text/plain; charset=utf-8";
    const headers = {
      ...(foreign ? {} : { "X-Coder-Build-Version": this.settings.version }),
      ...(reply.text === undefined && reply.json === undefined ? {} : { "Content-Type": type }),
      ...reply.headers,
    };
    return {
      status: reply.status,
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
      ),
      body: reply.text ?? (reply.json === undefined ? "" : JSON.stringify(reply.json)),
    };
  }
}

/** Uploads are sent in pieces; no reconciler uploads anything. */
function textOf(body: Parameters<CoderTransport["send"]>[0]["body"]): string | undefined {
  if (body === undefined || typeof body === "string") return body;
  throw new Error("uploads are not part of this model");
}
