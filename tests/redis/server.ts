/** A real Redis on a loopback port, that ends with whoever has started it, however that ends. */
import { join } from "node:path";
import { parseRedisAddress } from "../../src/sessions/store/redis/address.ts";
import { openWire, type RedisAccess, type RedisWire } from "../../src/sessions/store/redis/wire.ts";
import { createAuthority, issueCertificate, type KeyPair } from "../cluster/pki.ts";
import { freePorts } from "../cluster/ports.ts";
import { waitFor } from "../cluster/wait.ts";
import { ensureRedis } from "./program.ts";

export interface RedisOptions {
  /** Of the user `default`. @default none */
  readonly password?: string | undefined;
  /** Serves with a certificate of `authority`. @default {false} */
  readonly tls?: boolean | undefined;
  /** Asks clients for one, too. Needs `tls`. @default {false} */
  readonly clientCertificates?: boolean | undefined;
  /** Keeps what it has over its restart. @default {false} */
  readonly keeps?: boolean | undefined;
  /** More settings: `["--maxmemory", "2mb"]`. */
  readonly args?: readonly string[] | undefined;
}

/** Dispose of it with `await using`. */
export interface TestRedis extends AsyncDisposable {
  /** `redis://127.0.0.1:port/0`, or `rediss://`. */
  readonly url: string;
  readonly port: number;
  /** For settings and data; gone with it. */
  readonly dir: string;
  /** With `tls`: who has signed its certificate, and one for clients. */
  readonly authority: KeyPair | undefined;
  readonly client: KeyPair | undefined;
  /** How a test that is allowed in gets in. */
  readonly access: RedisAccess;
  /** A connection of the test's own; end it. */
  connect(): Promise<RedisWire>;
  /** Runs one command on a connection of its own. */
  command(...args: readonly string[]): Promise<unknown>;
  /** It is there and says nothing, until `resume`. */
  pause(): void;
  resume(): void;
  /** @param signal @default {"SIGTERM"} */
  stop(signal?: Deno.Signal): Promise<void>;
  /** After `stop`: on the same port, with what it has kept. */
  start(): Promise<void>;
}

const START_MS = 60_000;
/** Its input ends with this process; then it does, too. */
const GUARD = '"$0" "$@" & echo "pid $!"; cat >/dev/null; kill -KILL $! 2>/dev/null; wait';

/** Starts one that nobody else uses. */
export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const program = await ensureRedis();
  const dir = await Deno.makeTempDir({ prefix: "coder-k8s-redis-" });
  const redis = new Redis(program, dir, options);
  try {
    await redis.prepare();
    await redis.start();
    return redis;
  } catch (error) {
    await redis[Symbol.asyncDispose]();
    throw error;
  }
}

class Redis implements TestRedis {
  readonly port = freePorts(1)[0] ?? 0;
  readonly url: string;
  authority: KeyPair | undefined;
  client: KeyPair | undefined;
  #running: { readonly pid: number; readonly end: () => Promise<void> } | undefined;

  constructor(
    private readonly program: string,
    readonly dir: string,
    private readonly options: RedisOptions,
  ) {
    this.url = `redis${options.tls === true ? "s" : ""}://127.0.0.1:${this.port}/0`;
  }

  get access(): RedisAccess {
    const { password } = this.options;
    return {
      address: parseRedisAddress(this.url),
      password,
      ca: this.authority?.certPem,
      cert: this.client?.certPem,
      key: this.client?.keyPem,
    };
  }

  async prepare(): Promise<void> {
    if (this.options.tls !== true) return;
    this.authority = await createAuthority("tests of Redis");
    const server = await issueCertificate(this.authority, {
      commonName: "redis",
      dnsNames: ["localhost"],
      ipAddresses: ["127.0.0.1"],
      usage: ["server"],
    });
    this.client = await issueCertificate(this.authority, { commonName: "coordinator", usage: ["client"] });
    await Deno.writeTextFile(join(this.dir, "ca.crt"), this.authority.certPem);
    await Deno.writeTextFile(join(this.dir, "server.crt"), server.certPem);
    await Deno.writeTextFile(join(this.dir, "server.key"), server.keyPem, { mode: 0o600 });
  }

  async start(): Promise<void> {
    const child = new Deno.Command("sh", {
      args: ["-c", GUARD, this.program, ...this.#settings()],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const said = lines(child.stdout);
    const pid = Number((await said.first)?.replace("pid ", ""));
    this.#running = {
      pid,
      end: async () => {
        await child.stdin.close().catch(() => {});
        await Promise.all([child.status, said.all]);
      },
    };
    await waitFor(async () => await this.command("PING") === "PONG", {
      timeoutMs: START_MS,
      intervalMs: 10,
      what: `Redis on port ${this.port}`,
    });
  }

  #settings(): string[] {
    const { password, tls = false, clientCertificates = false, keeps = false, args = [] } = this.options;
    const file = (name: string) => join(this.dir, name);
    const port = String(this.port);
    return [
      ...["--bind", "127.0.0.1", "--dir", this.dir, "--save", "", "--appendonly", keeps ? "yes" : "no"],
      ...["--appendfsync", "always", "--enable-debug-command", "yes"],
      ...(password === undefined ? [] : ["--requirepass", password]),
      ...(tls
        ? [
          ...["--port", "0", "--tls-port", port, "--tls-ca-cert-file", file("ca.crt")],
          ...["--tls-cert-file", file("server.crt"), "--tls-key-file", file("server.key")],
          ...["--tls-auth-clients", clientCertificates ? "yes" : "no"],
        ]
        : ["--port", port]),
      ...args,
    ];
  }

  connect(): Promise<RedisWire> {
    return openWire(this.access, START_MS, new AbortController().signal);
  }

  async command(...args: readonly string[]): Promise<unknown> {
    const wire = await this.connect();
    try {
      return await wire.call(args);
    } finally {
      wire.end("done");
    }
  }

  pause(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#signal(signal);
    this.#signal("SIGCONT");
    // Alone where it ends in order is what it keeps whole; the guard would kill it.
    await waitFor(() => !isAlive(running.pid), {
      timeoutMs: START_MS,
      intervalMs: 10,
      what: "the end of Redis",
    });
    this.#running = undefined;
    await running.end();
  }

  #signal(signal: Deno.Signal): void {
    const { pid } = this.#running ?? {};
    if (pid === undefined) throw new Error("this Redis is not running");
    try {
      Deno.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.end();
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** A zombie is not: its parent, the guard, sleeps. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

function lines(
  stream: ReadableStream<Uint8Array>,
): { first: Promise<string | undefined>; all: Promise<void> } {
  const first = Promise.withResolvers<string | undefined>();
  const all = (async () => {
    let text = "";
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      if (text.includes("\n")) continue;
      text += chunk;
      if (text.includes("\n")) first.resolve(text.split("\n")[0]);
    }
    first.resolve(undefined);
  })();
  return { first: first.promise, all };
}
