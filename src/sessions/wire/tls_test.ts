import assert from "node:assert/strict";
import { createThrowawayAuthority, type ThrowawayAuthority } from "../../identity/throwaway_authority.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { IDLE_LOAD } from "../testing/mock_executor.ts";
import { mockHello } from "../testing/mock_worker.ts";
import { grpcRig } from "./grpc_testing.ts";
import { aTask, never } from "./testing.ts";
import { ReloadingCredentials, type ServerTls, type ServerTlsSource } from "./tls.ts";

/** Certificates that can be replaced. */
class Source implements ServerTlsSource {
  readonly #listeners = new Set<() => void>();
  constructor(public current: ServerTls | undefined) {}

  static async of(authority: ThrowawayAuthority, clientCa?: ThrowawayAuthority): Promise<Source> {
    const pair = await authority.issue("coordinator", "server");
    return new Source(clientCa === undefined ? pair : { ...pair, clientCaPem: [clientCa.certPem] });
  }
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  replace(current: ServerTls): void {
    this.current = current;
    for (const listener of this.#listeners) listener();
  }
  get listeners(): number {
    return this.#listeners.size;
  }
}

const hello = mockHello();

Deno.test("over TLS: the coordinator's certificate is verified, and must be of its authority", async () => {
  const [authority, other] = await Promise.all(["one", "other"].map(createThrowawayAuthority));
  await using rig = await grpcRig({ tls: await Source.of(authority!) });
  assert.match(rig.url, /^https:/);
  rig.worker({}, { tls: () => ({ caPem: authority!.certPem }) });
  const connection = await rig.witness.worker();
  assert.equal((await connection.run(aTask(), { signal: never })).ok, true);
  for (const tls of [{ caPem: other!.certPem }, {}]) {
    const door = rig.door({ tls: () => tls });
    await assert.rejects(door.register(hello, IDLE_LOAD, never), { code: "unavailable" });
    door.close();
  }
  const plain = rig.door({ url: rig.url.replace("https", "http") });
  await assert.rejects(plain.register(hello, IDLE_LOAD, never), { code: "unavailable" });
  plain.close();
});

Deno.test("the certificate must be of the name that is called", async () => {
  const authority = await createThrowawayAuthority("one");
  await using rig = await grpcRig({ tls: await Source.of(authority) });
  const tls = () => ({ caPem: authority.certPem, serverName: "somebody.example.com" });
  const door = rig.door({ tls });
  await assert.rejects(door.register(hello, IDLE_LOAD, never), { code: "unavailable" });
  door.close();
});

Deno.test("mutual TLS lets in, and is nobody: without a token nothing is answered", async () => {
  const [authority, clients, strangers] = await Promise.all(
    ["one", "clients", "x"].map(createThrowawayAuthority),
  );
  await using rig = await grpcRig({ tls: await Source.of(authority!, clients) });
  const caPem = authority!.certPem;
  const good = { caPem, ...await clients!.issue("w1", "client") };
  for (const tls of [{ caPem }, { caPem, ...await strangers!.issue("w1", "client") }]) {
    const door = rig.door({ tls: () => tls });
    await assert.rejects(door.register(hello, IDLE_LOAD, never), { code: "unavailable" });
    door.close();
  }
  const nobody = rig.door({ tls: () => good, token: () => "x" });
  await assert.rejects(nobody.register(hello, IDLE_LOAD, never), { code: "unauthenticated" });
  nobody.close();
  assert.deepEqual(rig.witness.news, []);
  rig.worker({}, { tls: () => good });
  const connection = await rig.witness.worker();
  assert.equal((await connection.run(aTask(), { signal: never })).ok, true);
});

Deno.test("certificates are replaced while it serves; connections that are there stay", async () => {
  const [before, after] = await Promise.all(["before", "after"].map(createThrowawayAuthority));
  const source = await Source.of(before!);
  const errors: string[] = [];
  const log = { ...silentLogger, error: (message: string) => void errors.push(message) };
  await using rig = await grpcRig({ tls: source, log });
  rig.worker({ id: "w1" }, { tls: () => ({ caPem: before!.certPem }) });
  const connection = await rig.witness.worker();
  assert.equal((await connection.run(aTask(), { signal: never })).ok, true);
  source.replace({ certPem: "no certificate", keyPem: "no key" });
  const [one, other] = await Promise.all([1, 2].map(() => after!.issue("coordinator", "server")));
  source.replace({ certPem: one!.certPem, keyPem: other!.keyPem });
  assert.equal(errors.length, 2, "what cannot be used is not used");
  source.replace(await after!.issue("coordinator", "server"));
  const door = rig.door({ tls: () => ({ caPem: after!.certPem }) });
  await assert.rejects(door.heartbeat("unknown", IDLE_LOAD, false, never), { code: "unknown_registration" });
  door.close();
  assert.equal((await connection.run(aTask(), { signal: never })).ok, true);
  assert.equal(connection.isConnected, true);
});

Deno.test("without a certificate there is no port, and without a port no subscription", async () => {
  const source = new Source(undefined);
  assert.throws(
    () => new ReloadingCredentials(source, silentLogger),
    /no certificate for the workers' port yet/,
  );
  const authority = await createThrowawayAuthority("one");
  const good = await Source.of(authority);
  const rig = await grpcRig({ tls: good });
  assert.equal(good.listeners, 1);
  await rig[Symbol.asyncDispose]();
  assert.equal(good.listeners, 0);
  const credentials = new ReloadingCredentials(good, silentLogger);
  assert.equal(credentials._equals(credentials), true);
  credentials.close();
});
