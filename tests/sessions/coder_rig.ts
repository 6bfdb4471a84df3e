/** A real Coder with users of its own, and a coordinator that knows it, as a process. */
import { type Coderd, uniqueName } from "../coder/mod.ts";
import { type ClientKind, type ConnectedClient, LATEST } from "../mcp/clients.ts";
import { type SandboxProcess, startProcess } from "./process.ts";
import { workersPort } from "./rig.ts";

/** Somebody in Coder. */
export interface CoderUser {
  readonly id: string;
  readonly username: string;
  /** A session token with all rights of theirs. */
  readonly token: string;
}

/** Another member, with a token. */
export async function coderUser(coderd: Coderd, name: string): Promise<CoderUser> {
  const { token, organizationId } = await coderd.firstUser();
  const username = uniqueName(name);
  const { id } = await coderd.request("POST", "/api/v2/users", {
    token,
    body: {
      username,
      email: `${username}@example.com`,
      login_type: "none",
      user_status: "active",
      organization_ids: [organizationId],
    },
  });
  return { id, username, token: await coderToken(coderd, id) };
}

/** Another token of a user. @param body more of the request, such as its scopes */
export async function coderToken(coderd: Coderd, user: string, body: object = {}): Promise<string> {
  const { token } = await coderd.firstUser();
  const { key } = await coderd.request("POST", `/api/v2/users/${user}/keys/tokens`, {
    token,
    body: { token_name: uniqueName("test"), ...body },
  });
  return key;
}

export const WORKER_KEY = "a key of the tests that is long enough for anybody";

export interface CoderCoordinator extends AsyncDisposable {
  readonly coordinator: SandboxProcess;
  /** `http://127.0.0.1:PORT`, of callers. */
  readonly url: string;
  /** The same of workers; absent where none can dial in. */
  readonly workersUrl: string | undefined;
  /** A directory of its own, gone at the end. */
  readonly directory: string;
  client(token: string, kind?: ClientKind): Promise<ConnectedClient>;
  /** A GET, as the one whose token it is. */
  get(path: string, token: string): Promise<{ readonly status: number; readonly text: string }>;
}

export interface CoderCoordinatorOptions {
  /** Flags besides those that are needed. */
  readonly args?: readonly string[];
  /** It has a worker in its own process, and no port for others. @default {false} */
  readonly embedded?: boolean;
  /** A compiled one. @default {from source} */
  readonly binary?: string | undefined;
}

/** Starts a coordinator that lets in whom Coder knows. */
export async function startCoderCoordinator(
  coderd: Coderd,
  { args = [], embedded = false, binary }: CoderCoordinatorOptions = {},
): Promise<CoderCoordinator> {
  const directory = await Deno.makeTempDir({ prefix: "coder-k8s-coder-sessions-" });
  await Deno.writeTextFile(`${directory}/keys`, WORKER_KEY);
  const coordinator = startProcess({
    binary,
    args: [
      "coordinator",
      "--bind-address=127.0.0.1:0",
      "--metrics-bind-address=0",
      "--debug-bind-address=0",
      "--log-format=json",
      "--auth=coder",
      `--coder-url=${coderd.url}`,
      ...(embedded
        ? [
          "--embedded-worker",
          `--workspaces-dir=${directory}/workspaces`,
          `--cache-dir=${directory}/cache`,
        ]
        : ["--grpc-bind-address=127.0.0.1:0", `--worker-key-file=${directory}/keys`]),
      ...args,
    ],
  });
  const end = async () => {
    await coordinator.stop();
    await Deno.remove(directory, { recursive: true });
  };
  try {
    const url = `http://${await coordinator.address("MCP")}`;
    return {
      coordinator,
      url,
      workersUrl: embedded ? undefined : `http://${await workersPort(coordinator)}`,
      directory,
      client: (token, kind = LATEST) => kind.connect({ url: `${url}/mcp`, token }),
      async get(path, token) {
        const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
        return { status: answer.status, text: await answer.text() };
      },
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}
