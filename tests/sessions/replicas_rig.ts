/** Several coordinators on one Redis, as processes, with workers that dial all of them, and a router that chooses at random. */
import { mintWorkerToken, parseWorkerKeys } from "../../src/sessions/wire/worker_tokens.ts";
import { waitFor } from "../cluster/wait.ts";
import { type ClientKind, type ConnectedClient, LATEST } from "../mcp/clients.ts";
import { type RoundRobin, startRoundRobin } from "../mcp/round_robin.ts";
import { startTcpProxy, type TcpProxy } from "../mcp/tcp_proxy.ts";
import { startRedis, type TestRedis } from "../redis/server.ts";
import { type SandboxProcess, startProcess } from "./process.ts";
import { type CallerName, CALLERS, KEY, untilReady, workersPort } from "./rig.ts";

export interface ReplicasOptions {
  /** Flags of each coordinator. */
  readonly args?: readonly string[];
  /** Ids of workers. @default {["w1", "w2"]} */
  readonly workers?: readonly string[];
  readonly workerArgs?: readonly string[];
}

/** Ends with `await using`. */
export interface ReplicasRig extends AsyncDisposable {
  readonly redis: TestRedis;
  /** Chooses at random among those of `serving`. */
  readonly router: RoundRobin;
  /** Numbers of the coordinators that the router knows. */
  serving: readonly number[];
  coordinator(index: number): SandboxProcess;
  /** `http://127.0.0.1:PORT` */
  url(index: number): string;
  /** Starts one where one has ended; resolves when it is ready and has all workers. */
  start(index: number): Promise<void>;
  /** The way of a worker to a coordinator. */
  way(worker: string, index: number): TcpProxy;
  worker(id: string): SandboxProcess;
  /** @param index of the coordinator that it calls. @default {the router} */
  client(caller?: CallerName, options?: { readonly index?: number; readonly kind?: ClientKind }): Promise<
    ConnectedClient
  >;
}

const PASSWORD = "a password of the tests";
const COUNT = 2;

export async function startReplicas(options: ReplicasOptions = {}): Promise<ReplicasRig> {
  const ends = new AsyncDisposableStack();
  try {
    return await started(options, ends);
  } catch (error) {
    await ends.disposeAsync();
    throw error;
  }
}

async function started(options: ReplicasOptions, ends: AsyncDisposableStack): Promise<ReplicasRig> {
  const { args = [], workers: ids = ["w1", "w2"], workerArgs = [] } = options;
  const redis = ends.use(await startRedis({ password: PASSWORD }));
  const directory = await Deno.makeTempDir({ prefix: "coder-k8s-replicas-" });
  ends.defer(() => Deno.remove(directory, { recursive: true }));
  const file = async (name: string, text: string) => {
    await Deno.writeTextFile(`${directory}/${name}`, text);
    return `${directory}/${name}`;
  };
  const callers = Object.entries(CALLERS).map(([name, token]) => `${name} ${token}\n`).join("");
  const flags = [
    "--bind-address=127.0.0.1:0",
    "--metrics-bind-address=127.0.0.1:0",
    "--debug-bind-address=0",
    "--log-format=json",
    "--admins=root",
    "--grpc-bind-address=127.0.0.1:0",
    `--auth-token-file=${await file("tokens", callers)}`,
    `--worker-key-file=${await file("keys", KEY)}`,
    `--session-store=${redis.url}`,
    `--session-store-password-file=${await file("password", PASSWORD)}`,
    ...args,
  ];
  const coordinators: SandboxProcess[] = [];
  const urls: string[] = Array.from({ length: COUNT }, () => "");
  const ports: number[] = [];
  const ways = new Map<string, TcpProxy>();
  const workers = new Map<string, SandboxProcess>();

  const begin = async (index: number) => {
    const process = coordinators[index] = startProcess({ args: ["coordinator", ...flags] });
    urls[index] = `http://${await process.address("MCP")}/mcp`;
    ports[index] = Number((await workersPort(process)).split(":").at(-1));
  };
  const url = (index: number) => urls[index]!.replace(/\/mcp$/, "");
  const untilAllThere = async (index: number) => {
    await untilReady(`${url(index)}/ready`, coordinators[index]!);
    await waitFor(async () => {
      const headers = { authorization: `Bearer ${CALLERS.root}` };
      const seen = await (await fetch(`${url(index)}/debug/sessions`, { headers })).json();
      return seen.workers.filter(({ state }: { state: string }) => state === "connected").length ===
        ids.length;
    }, { what: `all workers at coordinator ${index}`, timeoutMs: 120_000 });
  };

  ends.defer(async () => void await Promise.all(coordinators.map((process) => process.stop())));
  ends.defer(async () => void await Promise.all([...workers.values()].map((process) => process.stop())));
  await Promise.all(Array.from({ length: COUNT }, (_, index) => begin(index)));
  for (const id of ids) {
    const addresses: string[] = [];
    for (let index = 0; index < COUNT; index++) {
      const way = ends.use(startTcpProxy(() => ports[index]!));
      ways.set(`${id} ${index}`, way);
      addresses.push(`http://127.0.0.1:${way.port}`);
    }
    const token = await mintWorkerToken(parseWorkerKeys(KEY), {
      workerId: id,
      ttlMs: 3_600_000,
      now: Date.now(),
    });
    workers.set(
      id,
      startProcess({
        env: { WORKER_TOKEN: token },
        args: [
          "worker",
          `--coordinator=${addresses.join(",")}`,
          `--worker-id=${id}`,
          "--health-bind-address=127.0.0.1:0",
          "--metrics-bind-address=127.0.0.1:0",
          "--log-format=json",
          `--workspaces-dir=${directory}/workspaces-${id}`,
          `--cache-dir=${directory}/cache-${id}`,
          ...workerArgs,
        ],
      }),
    );
  }
  await Promise.all(Array.from({ length: COUNT }, (_, index) => untilAllThere(index)));
  let serving: readonly number[] = Array.from({ length: COUNT }, (_, index) => index);
  const router = ends.use(
    await startRoundRobin(urls, {
      choose: () => serving[Math.floor(Math.random() * serving.length)] ?? 0,
    }),
  );
  return {
    redis,
    router,
    get serving() {
      return serving;
    },
    set serving(now: readonly number[]) {
      serving = now;
    },
    coordinator: (index) => coordinators[index]!,
    url,
    async start(index) {
      await begin(index);
      await untilAllThere(index);
    },
    way: (worker, index) => ways.get(`${worker} ${index}`)!,
    worker: (id) => workers.get(id)!,
    client: (caller = "ann", { index, kind = LATEST } = {}) =>
      kind.connect({ url: index === undefined ? router.url : urls[index]!, token: CALLERS[caller] }),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}
