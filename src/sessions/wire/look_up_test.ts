import assert from "node:assert/strict";
import { parseCoordinatorAddress, parseCoordinatorAddresses } from "./coordinator_address.ts";
import { isProxied, type LookUp, systemLookUp, targetsOf } from "./look_up.ts";

const { signal } = new AbortController();
const NAME = parseCoordinatorAddress("https://coordinator.example.com:443");

function targets(url: string, lookUp: LookUp, proxied = false) {
  return targetsOf(parseCoordinatorAddress(url), { lookUp, isProxied: proxied, signal });
}

Deno.test("each address of a name is dialled, and the name stays what TLS goes by", async () => {
  const asked: string[] = [];
  const found = await targets("https://coordinator.example.com:443", (hostname) => {
    asked.push(hostname);
    return Promise.resolve(["10.0.0.2", "fd00::1", "10.0.0.1", "10.0.0.2", "no address"]);
  });
  assert.deepEqual(asked, ["coordinator.example.com"]);
  assert.equal(found.error, undefined);
  assert.deepEqual(found.targets.map(({ target }) => target), [
    "10.0.0.1:443",
    "10.0.0.2:443",
    "[fd00::1]:443",
  ]);
  for (const { hostname, authority, isTls, text } of found.targets) {
    assert.deepEqual([hostname, authority, isTls], [NAME.hostname, "coordinator.example.com:443", true]);
    assert.match(text, /^https:\/\/coordinator\.example\.com:443 \(/);
  }
});

Deno.test("what has no name is dialled as it is, and so is what is this machine, or a proxy's to look up", async () => {
  const nobody: LookUp = () => assert.fail("nobody is asked");
  for (const url of ["https://10.1.2.3", "https://[fd00::1]:1", "http://localhost:5", "127.0.0.1:9"]) {
    assert.deepEqual((await targets(url, nobody)).targets, [parseCoordinatorAddress(url)]);
  }
  assert.deepEqual((await targets("https://a.example", nobody, true)).targets.length, 1);
});

Deno.test("a name that cannot be looked up is dialled as it is, and why is told", async () => {
  const error = new Error("no such name");
  const found = await targets("https://a.example", () => Promise.reject(error));
  assert.deepEqual([found.targets, found.error], [[parseCoordinatorAddress("https://a.example")], error]);
  assert.equal((await targets("https://a.example", () => Promise.resolve([]))).targets.length, 1);
});

Deno.test("of a name with very many addresses some are dialled", async () => {
  const many = Array.from({ length: 200 }, (_, index) => `10.0.0.${index + 1}`);
  assert.equal((await targets("https://a.example", () => Promise.resolve(many))).targets.length, 32);
});

Deno.test("who gives up waits for no resolver", async () => {
  const stop = new AbortController();
  const looking = targetsOf(NAME, {
    lookUp: (_, signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    isProxied: false,
    signal: stop.signal,
  });
  stop.abort(new Error("given up"));
  await assert.rejects(looking, /given up/);
  await assert.rejects(systemLookUp("localhost", stop.signal), /given up/);
});

Deno.test("the machine's resolver knows this machine", async () => {
  const found = await systemLookUp("localhost", signal);
  assert.ok(found.some((address) => address === "127.0.0.1" || address === "::1"), String(found));
});

Deno.test("variables of a proxy count as gRPC reads them", () => {
  const of = (variables: Record<string, string>) => isProxied((name) => variables[name]);
  assert.equal(of({}), false);
  assert.equal(of({ https_proxy: "" }), false);
  for (const name of ["grpc_proxy", "https_proxy", "http_proxy"]) {
    assert.equal(of({ [name]: "http://proxy:3128" }), true);
  }
});

Deno.test("several coordinators are written with commas between", () => {
  const texts = (given: string) => parseCoordinatorAddresses(given).map(({ text }) => text);
  assert.deepEqual(texts("https://a, b.example:1,https://a:50050,"), [
    "https://a:50050",
    "https://b.example:1",
  ]);
  assert.throws(() => texts(""), { code: "invalid" });
  assert.throws(() => texts(","), { code: "invalid" });
  assert.throws(() => texts("https://a,ftp://b"), { code: "invalid", message: /ftp:\/\/b/ });
  assert.throws(() => texts("a:1,http://b"), { code: "invalid", message: /plain text to b/ });
});
