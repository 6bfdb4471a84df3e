/** Git over SSH: `git-upload-pack` on the server, which is known by its host key. */
import type { SshCredentials } from "../credentials.ts";
import { SourceError, wordsOf } from "../errors.ts";
import type { GitAddress } from "./address.ts";
import { algorithmsFor, knownKeys } from "./known_hosts.ts";
import { endOfListing, SERVICE_HEADER } from "./packet.ts";
import { collected, type GitRemote, type RemoteAnswer, type RemoteRequest } from "./remote.ts";
import { newClient, problemOfKey, type SshChannel, type SshClient } from "./ssh_library.ts";

export interface SshRemoteOptions {
  readonly address: Extract<GitAddress, { over: "ssh" }>;
  readonly credentials: SshCredentials;
  /** Of all answers, in bytes. */
  readonly most: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A flush packet: nothing is wanted. */
const FLUSH = new TextEncoder().encode("0000");

/** One connection, one command: the listing comes by itself, then one request is answered. */
export function sshRemote(options: SshRemoteOptions): GitRemote {
  const { address: { host, port, path }, signal } = options;
  const url = `https://${port === 22 ? host : `${host}:${port}`}/repository`;
  const shown = port === 22 ? host : `${host}:${port}`;
  let client: SshClient | undefined;
  let conversation: Conversation | undefined;
  let failure: Error | undefined;
  const fail = (error: unknown): never => {
    signal.throwIfAborted();
    throw failure ??= error instanceof SourceError
      ? error
      : new SourceError("Unreachable", `${shown} cannot be asked: ${wordsOf(error)}`);
  };

  const abort = () => client?.destroy();

  async function begin(): Promise<Conversation> {
    client = newClient();
    signal.addEventListener("abort", abort, { once: true });
    await connected(client, options, shown);
    const channel = await opened(client, `git-upload-pack '${path.replaceAll("'", "'\\''")}'`);
    return new Conversation(channel, options.most, shown);
  }

  async function request({ url: asked, method = "GET", body }: RemoteRequest): Promise<RemoteAnswer> {
    const answer = (type: string, content: AsyncIterableIterator<Uint8Array>): RemoteAnswer => ({
      url: asked,
      method,
      statusCode: 200,
      statusMessage: "OK",
      headers: { "content-type": `application/x-git-upload-pack-${type}` },
      body: content,
    });
    if (method === "GET") {
      conversation = await begin();
      const listing = await conversation.listing();
      return answer("advertisement", pieces([SERVICE_HEADER, listing]));
    }
    conversation!.send(await collected(body));
    return answer("result", pieces([await conversation!.rest()]));
  }

  return {
    url,
    host: shown,
    protocolVersion: 1,
    http: {
      request: async (asked) => {
        try {
          return await request(asked);
        } catch (error) {
          return fail(error);
        }
      },
    },
    get failure() {
      return failure;
    },
    [Symbol.asyncDispose]: () => {
      signal.removeEventListener("abort", abort);
      conversation?.end();
      client?.destroy();
      return Promise.resolve();
    },
  };
}

/** What goes over the channel. */
class Conversation {
  readonly #channel: SshChannel;
  readonly #host: string;
  readonly #most: number;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #total = 0;
  #left: Uint8Array<ArrayBuffer> = new Uint8Array();
  #said = "";
  #hasAsked = false;

  constructor(channel: SshChannel, most: number, host: string) {
    this.#channel = channel;
    this.#most = most;
    this.#host = host;
    this.#chunks = channel[Symbol.asyncIterator]();
    channel.stderr.on("data", (chunk) => {
      if (this.#said.length < 1_000) this.#said += new TextDecoder().decode(chunk);
    });
  }

  /** All references, up to the packet that ends them. */
  async listing(): Promise<Uint8Array> {
    for (;;) {
      const end = endOfListing(this.#left);
      if (end !== undefined) {
        const listing = this.#left.slice(0, end);
        this.#left = this.#left.slice(end);
        return listing;
      }
      if (!await this.#more()) throw this.#refusal();
    }
  }

  send(bytes: Uint8Array): void {
    this.#hasAsked = true;
    this.#channel.write(bytes);
  }

  async rest(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [this.#left];
    for (this.#left = new Uint8Array(); await this.#more(); this.#left = new Uint8Array()) {
      parts.push(this.#left);
    }
    const all = await collected(parts);
    if (all.length === 0) throw this.#refusal();
    return all;
  }

  end(): void {
    if (!this.#hasAsked) this.#channel.write(FLUSH);
    this.#channel.end();
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#chunks.next();
    if (done === true) return false;
    this.#total += value.length;
    if (this.#total > this.#most) {
      throw new SourceError(
        "TooLarge",
        `${this.#host} sends more than ${this.#most} bytes, which are the most`,
      );
    }
    this.#left = this.#left.length === 0 ? new Uint8Array(value) : await collected([this.#left, value]);
    return true;
  }

  #refusal(): SourceError {
    const said = wordsOf(this.#said);
    return new SourceError(
      "NotFound",
      `${this.#host} does not give the repository${said === "" ? "" : `, and says: ${said}`}`,
    );
  }
}

function connected(client: SshClient, options: SshRemoteOptions, shown: string): Promise<void> {
  const { address: { host, port, user }, credentials, timeoutMs } = options;
  const known = knownKeys(credentials.knownHosts, host, port);
  if (known.keys.length === 0) {
    const message = `known_hosts of the Secret has no key for ${shown}`;
    return Promise.reject(new SourceError("UntrustedServer", message));
  }
  const { identity, password } = credentials;
  if (identity !== undefined) {
    const problem = problemOfKey(identity, password);
    if (problem !== undefined) {
      const message = `identity of the Secret is no private key that can be used: ${wordsOf(problem)}`;
      return Promise.reject(new SourceError("InvalidSource", message));
    }
  }
  let isOther = false;
  return new Promise((resolve, reject) => {
    client.on("ready", () => resolve());
    client.on("close", () => reject(new Error("the connection was closed")));
    client.on("error", (error) => reject(refusal(error, isOther, user, shown)));
    client.connect({
      host,
      port,
      username: user,
      readyTimeout: timeoutMs,
      algorithms: { serverHostKey: algorithmsFor(known) },
      hostVerifier: (bytes) => {
        const key = new Uint8Array(bytes).toBase64();
        const isKnown = known.keys.some((one) => one.key === key) && !known.revoked.includes(key);
        isOther = !isKnown;
        return isKnown;
      },
      ...(identity === undefined ? {} : { privateKey: identity }),
      ...(password === undefined ? {} : identity === undefined ? { password } : { passphrase: password }),
    });
  });
}

function refusal(
  error: Error & { level?: string },
  isOther: boolean,
  user: string,
  shown: string,
): SourceError {
  if (isOther || /host key/i.test(error.message)) {
    const message = `the host key of ${shown} is none of those that known_hosts of the Secret has for it`;
    return new SourceError("UntrustedServer", message);
  }
  if (error.level === "client-authentication") {
    return new SourceError(
      "AuthenticationFailed",
      `${shown} does not accept the Secret's key for user ${user}`,
    );
  }
  return new SourceError("Unreachable", `${shown} cannot be asked: ${wordsOf(error)}`);
}

function opened(client: SshClient, command: string): Promise<SshChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => error === undefined ? resolve(channel) : reject(error));
  });
}

async function* pieces(all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}
