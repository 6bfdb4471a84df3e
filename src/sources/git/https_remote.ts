/** Git over HTTPS. */
import type { HttpCredentials } from "../credentials.ts";
import { SourceError } from "../errors.ts";
import { dropped, SourceHttp } from "../http.ts";
import { collected, type GitRemote, type RemoteAnswer, type RemoteRequest } from "./remote.ts";

const LISTING = "/info/refs?service=git-upload-pack";

export interface HttpsRemoteOptions {
  readonly url: string;
  readonly origin: string;
  readonly credentials: HttpCredentials;
  /** Of one answer, in bytes. */
  readonly most: number;
  readonly signal: AbortSignal;
}

export function httpsRemote({ url, origin, credentials, most, signal }: HttpsRemoteOptions): GitRemote {
  const { authorization, ca } = credentials;
  const http = new SourceHttp({ origin, ca });
  const { host } = new URL(url);
  // Where the listing was redirected to is where the rest is asked.
  let base = url;
  let failure: Error | undefined;

  async function request(
    { url: asked, method = "GET", headers = {}, body }: RemoteRequest,
  ): Promise<RemoteAnswer> {
    const answer = await http.send({
      url: asked.startsWith(url) ? base + asked.slice(url.length) : asked,
      method,
      headers: { ...headers, "user-agent": "git/coder-k8s" },
      authorization,
      ...(body === undefined ? {} : { body: await collected(body) }),
      most,
      signal,
    });
    if (answer.url.endsWith(LISTING)) base = answer.url.slice(0, -LISTING.length);
    if (answer.status !== 200) {
      await dropped(answer);
      throw refusal(answer.status, host, authorization !== undefined);
    }
    const told = Object.fromEntries(answer.headers);
    return {
      url: answer.url,
      method,
      statusCode: answer.status,
      statusMessage: "",
      headers: told,
      body: watched(answer.body),
    };
  }

  async function* watched(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      failure = error as Error;
      throw error;
    }
  }

  return {
    url,
    host,
    protocolVersion: 2,
    http: {
      request: async (asked) => {
        try {
          return await request(asked);
        } catch (error) {
          failure = error as Error;
          throw error;
        }
      },
    },
    get failure() {
      return failure;
    },
    [Symbol.asyncDispose]: () => {
      http[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

function refusal(status: number, host: string, hasCredentials: boolean): SourceError {
  if (status === 401 || status === 403) {
    const why = hasCredentials ? "does not accept the Secret's credentials" : "wants credentials (secretRef)";
    return new SourceError("AuthenticationFailed", `${host} ${why} (${status})`);
  }
  if (status === 404 || status === 410) {
    const advice = hasCredentials
      ? "or the credentials may not read it"
      : "or it can be seen with credentials alone";
    return new SourceError("NotFound", `there is no such repository on ${host}, ${advice} (${status})`);
  }
  return new SourceError("Unreachable", `${host} answers ${status}`);
}
