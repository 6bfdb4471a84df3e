/** Whom the server takes a caller for, and what it has reviewed, whatever bytes come over the front proxy's connection. */
import assert from "node:assert/strict";
import { createAuthority, issueCertificate } from "../cluster/pki.ts";
import { createAuthenticator } from "../../src/identity/mod.ts";
import { readAuthenticationConfig } from "../../src/identity/request_header.ts";
import { gadget } from "../../src/aggregated/serving/testing/gadgets.ts";
import { LiveServer } from "../../src/aggregated/serving/testing/live_server.ts";

const ROOT = "/apis/gadgets.coder.test/v1alpha1";
const authority = await createAuthority("front-proxy-ca");
const certificate = await issueCertificate(authority, { commonName: "front-proxy", usage: ["client"] });
const { config: current } = readAuthenticationConfig({
  "requestheader-client-ca-file": authority.certPem,
  "requestheader-allowed-names": "[]",
  "requestheader-username-headers": '["X-Remote-User"]',
  "requestheader-group-headers": '["X-Remote-Group"]',
  "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
});

/** What became of one request: the status line's code, and who was reviewed for what. */
interface Outcome {
  readonly codes: readonly number[];
  readonly reviewed: readonly string[];
  readonly groups: readonly string[];
}

class Proxy implements AsyncDisposable {
  readonly #reviewed: string[] = [];
  #groups: readonly string[] = [];
  #live!: LiveServer;

  static async start(): Promise<Proxy> {
    const proxy = new Proxy();
    proxy.#live = await LiveServer.start({
      authenticate: createAuthenticator({
        config: { current, hasSynced: true },
        reviewToken: () => Promise.resolve(undefined),
      }),
      authorize: ({ name, groups }, request) => {
        const what = "path" in request
          ? request.path
          : [request.namespace, request.resource, request.name, request.subresource].filter((part) => part)
            .join("/");
        proxy.#reviewed.push(`${name} ${request.verb} ${what}`);
        proxy.#groups = groups;
        return Promise.resolve({ allowed: true, reason: "" });
      },
      authentication: { current, subscribe: () => () => {} },
    });
    proxy.#live.storage.put(gadget("ns", "a"));
    return proxy;
  }

  /** Sends bytes as they are, and reads until the server ends the connection. */
  async send(bytes: string): Promise<Outcome> {
    const socket = await this.#live.connect({ cert: certificate.certPem, key: certificate.keyPem });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(`the connection stays open after ${bytes}`)), 60_000);
    let text = "";
    socket.on("data", (piece) => text += piece.toString("latin1"));
    socket.on("close", () => resolve()).on("error", () => resolve());
    socket.write(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
    await promise.finally(() => clearTimeout(timer));
    socket.destroy();
    const codes = [...text.matchAll(/^HTTP\/1\.1 (\d+) /gm)].map(([, code]) => Number(code));
    return { codes, reviewed: this.#reviewed.splice(0), groups: this.#groups };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#live[Symbol.asyncDispose]();
  }
}

/** The last request of a connection. */
const LAST = "Connection: close\r\n";
const JANE = "Host: x\r\nX-Remote-User: jane\r\nX-Remote-Group: dev\r\n";
const get = (path: string, more = LAST, version = "1.1") =>
  `GET ${path} HTTP/${version}\r\n${JANE}${more}\r\n`;
const list = (more: string) => get(`${ROOT}/gadgets`, `${more}${LAST}`);
const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => `${line(index)}\r\n`).join("");

Deno.test("headers that look like those of the front proxy, and are others, say nothing", async () => {
  await using proxy = await Proxy.start();
  for (
    const more of [
      "x-remote-user: eve\r\n",
      "X_Remote_User: eve\r\nX_Remote_Group: system:masters\r\n",
      "X-Remote-Groups: system:masters\r\n",
      "X-Remote-User-: eve\r\n",
      "X-Forwarded-User: eve\r\nForwarded: for=eve\r\n",
    ]
  ) {
    const { reviewed, groups } = await proxy.send(list(more));
    assert.deepEqual(reviewed, ["jane list gadgets"], more);
    assert.deepEqual(groups, ["dev", "system:authenticated"], more);
  }
});

Deno.test("headers that may be read in two ways are refused, and nobody is reviewed", async () => {
  await using proxy = await Proxy.start();
  const bad = [
    list("X-Remote-Group : system:masters\r\n"),
    list("X-Remote-Group: a\r\n system:masters\r\n"),
    list("X-A: b\nX-Remote-Group: system:masters\r\n"),
    list("X-A: b\rX-Remote-Group: system:masters\r\n"),
    list("X-Remote-Group: a\0b\r\n"),
    list("X-Remote-Group: a\x7fb\r\n"),
    list("X-Remote-\xe9: a\r\n"),
    list(": a\r\n"),
    `GET ${ROOT}/gadgets HTTP/1.1\r\n X-Remote-User: eve\r\n${JANE}${LAST}\r\n`,
    `GET ${ROOT}/gadgets HTTP/1.1\r\nX-Remote-User: jane\r\n${LAST}\r\n`,
    `GET ${ROOT}/gadgets\tx HTTP/1.1\r\n${JANE}${LAST}\r\n`,
    `GET ${ROOT}/namespaces/n/gadgets/\xc3\xa9 HTTP/1.1\r\n${JANE}${LAST}\r\n`,
    `GET \\apis HTTP/1.1\r\n${JANE}${LAST}\r\n`,
  ];
  for (const bytes of bad) {
    const { codes, reviewed } = await proxy.send(bytes);
    assert.equal(codes[0], 400, JSON.stringify(bytes));
    assert.deepEqual(reviewed, [], JSON.stringify(bytes));
  }
});

Deno.test("every header counts, however many there are", async () => {
  await using proxy = await Proxy.start();
  const many = lines(3_000, (index) => `X-Remote-Group: g${index}`);
  const { codes, reviewed, groups } = await proxy.send(
    `GET ${ROOT}/gadgets HTTP/1.1\r\nHost: x\r\n${LAST}${many}X-Remote-User: jane\r\n\r\n`,
  );
  assert.deepEqual([codes, reviewed], [[200], ["jane list gadgets"]]);
  assert.equal(groups.length, 3_001);
  const junk = lines(3_000, (index) => `a${index}: b`);
  const hidden = await proxy.send(list(`${junk}Impersonate-User: eve\r\n`));
  assert.deepEqual([hidden.codes, hidden.reviewed], [[403], []]);
});

Deno.test("impersonation is refused under any spelling of its headers", async () => {
  await using proxy = await Proxy.start();
  for (
    const name of ["Impersonate-User", "iMPERSONATE-gROUP", "Impersonate-Extra-Scopes", "impersonate-uid"]
  ) {
    const { codes, reviewed } = await proxy.send(list(`${name}: eve\r\n`));
    assert.deepEqual([codes, reviewed], [[403], []], name);
  }
});

Deno.test("each request of a connection is that of whom it names, and one that names nobody is nobody's", async () => {
  await using proxy = await Proxy.start();
  const eve = `GET ${ROOT}/gadgets HTTP/1.1\r\nHost: x\r\nX-Remote-User: eve\r\n\r\n`;
  const nobody = `GET ${ROOT}/gadgets HTTP/1.1\r\nHost: x\r\n\r\n`;
  const { codes, reviewed } = await proxy.send(
    get(`${ROOT}/gadgets`, "") + eve + nobody + get(`${ROOT}/namespaces/ns/gadgets/a`),
  );
  assert.deepEqual(codes.length, 4);
  assert.deepEqual(reviewed.toSorted(), [
    "eve list gadgets",
    "jane get ns/gadgets/a",
    "jane list gadgets",
    "system:anonymous list gadgets",
  ]);
});

Deno.test("what stands in a body, or behind it, names nobody", async () => {
  await using proxy = await Proxy.start();
  const post = (more: string, body: string) =>
    `POST ${ROOT}/namespaces/n/gadgets HTTP/1.1\r\n${JANE}${more}\r\n${body}`;
  const trailers = "2\r\n{}\r\n0\r\nX-Remote-User: eve\r\nX-Remote-Group: system:masters\r\n\r\n";
  const after = await proxy.send(post("Transfer-Encoding: chunked\r\nTrailer: X-Remote-User\r\n", trailers));
  assert.deepEqual([after.codes, after.reviewed], [[405], ["jane create n/gadgets"]]);
  assert.deepEqual(after.groups, ["dev", "system:authenticated"]);
  const smuggled = `GET ${ROOT}/gadgets HTTP/1.1\r\nHost: x\r\nX-Remote-User: eve\r\n\r\n`;
  for (
    const more of [
      "Content-Length: 3\r\nContent-Length: 2\r\n",
      "Content-Length: 2, 2\r\n",
      "Content-Length: +2\r\n",
      "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked, identity\r\n",
      "Transfer-Encoding: \x0bchunked\r\n",
      "Transfer-Encoding: xchunked\r\n",
    ]
  ) {
    const { codes, reviewed } = await proxy.send(post(more, `0\r\n\r\n${smuggled}`));
    assert.equal(codes.some((code) => code < 400), false, more);
    assert.equal(reviewed.some((review) => review.startsWith("eve")), false, more);
  }
});

Deno.test("what is reviewed is what is served: no path reads as another one", async () => {
  await using proxy = await Proxy.start();
  const cases: [path: string, code: number, review: string | undefined][] = [
    [`${ROOT}/namespaces/ns/gadgets/a`, 200, "get ns/gadgets/a"],
    [`${ROOT}/namespaces/ns/%67adgets/%61`, 200, "get ns/gadgets/a"],
    [`${ROOT}/n%61mespaces/ns/gadgets/a/`, 200, "get ns/gadgets/a"],
    [`${ROOT}/namespaces/ns/gadgets/a;b`, 404, "get ns/gadgets/a;b"],
    [`${ROOT}/namespaces/ns/gadgets/a%3Bb`, 404, "get ns/gadgets/a;b"],
    [`${ROOT}/namespaces/ns/gadgets/x/../a`, 400, undefined],
    [`${ROOT}/namespaces/ns/gadgets/%2e%2e/a`, 400, undefined],
    [`${ROOT}/namespaces/ns/gadgets/x%2F..%2Fa`, 400, undefined],
    [`${ROOT}/namespaces//gadgets/a`, 400, undefined],
    [`/apis//gadgets.coder.test/v1alpha1/gadgets`, 400, undefined],
    [`/${ROOT}/gadgets`, 404, `get /${ROOT}/gadgets`],
    [`/.${ROOT}/gadgets`, 404, `get /.${ROOT}/gadgets`],
    [`/%61pis/gadgets.coder.test/v1alpha1/gadgets`, 404, "get /%61pis/gadgets.coder.test/v1alpha1/gadgets"],
    [`https://x${ROOT}/gadgets`, 400, undefined],
    [`${ROOT}/gadgets#/healthz`, 400, undefined],
    ["/readyz", 200, "get /readyz"],
    ["/readyz/../livez", 404, "get /readyz/../livez"],
    ["/readyz/%2e%2e/livez", 404, "get /readyz/%2e%2e/livez"],
    ["/readyz/.", 404, "get /readyz/."],
    ["/readyz/#", 404, "get /readyz/#"],
    ["/readyz/\\..\\livez", 404, "get /readyz/\\..\\livez"],
    ["/version/../readyz", 404, "get /version/../readyz"],
  ];
  for (const [path, code, review] of cases) {
    const { codes, reviewed } = await proxy.send(get(path));
    assert.deepEqual([codes, reviewed], [[code], review === undefined ? [] : [`jane ${review}`]], path);
  }
});

Deno.test("of a parameter that is there twice the first is reviewed, and the first is served", async () => {
  await using proxy = await Proxy.start();
  const gadgets = `${ROOT}/namespaces/ns/gadgets`;
  const name = (value: string) => `fieldSelector=metadata.name%3D${value}`;
  const pinned = await proxy.send(get(`${gadgets}?${name("a")}&${name("b")}`));
  assert.deepEqual([pinned.codes, pinned.reviewed], [[200], ["jane list ns/gadgets/a"]]);
  const listed = await proxy.send(get(`${gadgets}?watch=0&watch=1`));
  assert.deepEqual([listed.codes, listed.reviewed], [[200], ["jane list ns/gadgets"]]);
  const one = await proxy.send(get(`${gadgets}/a?watch=1&${name("b")}`));
  assert.deepEqual([one.codes, one.reviewed], [[200], ["jane get ns/gadgets/a"]]);
});

Deno.test("older HTTP is answered, for whom it names", async () => {
  await using proxy = await Proxy.start();
  const { codes, reviewed } = await proxy.send(get(`${ROOT}/gadgets`, "", "1.0"));
  assert.deepEqual([codes, reviewed], [[200], ["jane list gadgets"]]);
});
