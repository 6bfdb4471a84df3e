/** Questions to a registry, as the distribution specification has them, with its two ways of signing in. */
import type { RegistryCredentials } from "../credentials.ts";
import { SourceError } from "../errors.ts";
import { basic, bytesOfBody, dropped, type HttpAnswer, SourceHttp } from "../http.ts";
import { type Challenge, challengeOf } from "./challenge.ts";
import type { OciReference } from "./reference.ts";

/** Answers with tokens are short. */
const MOST_TOKEN = 1 << 20;

export class Registry implements Disposable {
  readonly #http: SourceHttp;
  #authorization: string | undefined;

  constructor(
    readonly reference: OciReference,
    readonly credentials: RegistryCredentials,
    readonly insecure: boolean,
    readonly signal: AbortSignal,
  ) {
    this.#http = new SourceHttp({ origin: reference.origin, ca: credentials.ca, insecure });
  }

  /** @param path below the repository, such as `manifests/latest` */
  async ask(method: "GET" | "HEAD", path: string, most: number, accept?: string): Promise<HttpAnswer> {
    const { origin, repository, host } = this.reference;
    const send = () =>
      this.#http.send({
        url: `${origin}/v2/${repository}/${path}`,
        method,
        headers: accept === undefined ? {} : { accept },
        authorization: this.#authorization,
        most,
        signal: this.signal,
      });
    let answer = await send();
    if (answer.status === 401 && this.#authorization === undefined) {
      const challenge = challengeOf(answer.headers.get("www-authenticate"));
      await dropped(answer);
      this.#authorization = await this.#signIn(challenge);
      answer = await send();
    }
    if (answer.status === 200) return answer;
    await dropped(answer);
    throw this.#refusal(answer.status, path, host);
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }

  async #signIn(challenge: Challenge | undefined): Promise<string> {
    const { username, password, ca } = this.credentials;
    const { host, repository } = this.reference;
    const own = username === undefined || password === undefined ? undefined : basic(username, password);
    if (challenge?.scheme === "basic") {
      if (own !== undefined) return own;
      throw new SourceError("AuthenticationFailed", `${host} wants credentials (secretRef)`);
    }
    const realm = challenge?.parameters["realm"];
    if (challenge?.scheme !== "bearer" || realm === undefined || !URL.canParse(realm)) {
      throw new SourceError(
        "AuthenticationFailed",
        `${host} wants credentials of a kind that is not known here`,
      );
    }
    const url = new URL(realm);
    const { service, scope = `repository:${repository}:pull` } = challenge.parameters;
    if (service !== undefined) url.searchParams.set("service", service);
    url.searchParams.set("scope", scope);
    // The registry itself says who makes its tokens: whoever gets the password there might as well get it here.
    using http = new SourceHttp({ origin: url.origin, ca, insecure: this.insecure });
    const answer = await http.send({
      url: url.href,
      authorization: own,
      most: MOST_TOKEN,
      signal: this.signal,
    });
    if (answer.status !== 200) {
      await dropped(answer);
      const why = own === undefined
        ? "gives nobody without credentials a token"
        : "does not accept the Secret's credentials";
      const reason = answer.status >= 500 ? "Unreachable" : "AuthenticationFailed";
      throw new SourceError(reason, `${url.host}, which makes tokens for ${host}, ${why} (${answer.status})`);
    }
    const token = tokenOf(await bytesOfBody(answer.body));
    if (token !== undefined) return `Bearer ${token}`;
    throw new SourceError("Unreachable", `${url.host}, which makes tokens for ${host}, sends none`);
  }

  #refusal(status: number, path: string, host: string): SourceError {
    const { repository } = this.reference;
    if (status === 401 || status === 403) {
      const has = this.credentials.username !== undefined;
      const why = has ? "does not accept the Secret's credentials" : "wants credentials (secretRef)";
      return new SourceError("AuthenticationFailed", `${host} ${why} for ${repository} (${status})`);
    }
    if (status === 404) {
      return new SourceError("NotFound", `there is no ${repository} with ${path} on ${host}`);
    }
    return new SourceError("Unreachable", `${host} answers ${status} for ${repository}`);
  }
}

function tokenOf(bytes: Uint8Array): string | undefined {
  try {
    const { token, access_token } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const found = typeof token === "string" && token !== "" ? token : access_token;
    return typeof found === "string" && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
  } catch {
    return undefined;
  }
}
