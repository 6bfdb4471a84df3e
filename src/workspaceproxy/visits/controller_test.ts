import assert from "node:assert/strict";
import { keyText } from "../../api/object.ts";
import { ProxyResults } from "../results.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { KEY, World } from "../../../tests/workspaceproxy/world.ts";
import { proxyVisits } from "./controller.ts";

/** The whole controller, on the world's cluster and Coder. */
class Running implements AsyncDisposable {
  readonly results = new ProxyResults();
  readonly news: string[] = [];
  readonly forgotten: string[] = [];
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;

  constructor(readonly world: World) {
    world.results = this.results;
    const { access, listings } = world.tools;
    const forget = (what: string) => this.forgotten.push(what);
    const controller = proxyVisits({
      tools: {
        ...world.tools,
        access: { ...access, forget: (key) => (forget(`access ${keyText(key)}`), access.forget(key)) },
        listings: { ...listings, forget: (name) => (forget(`list ${name}`), listings.forget(name)) },
      },
      deployments: { forget: (name) => void forget(`connection ${name}`) },
      results: this.results,
      onNews: (key) => void this.news.push(keyText(key)),
      log: silentLogger,
    });
    const { signal } = this.#stop;
    this.#run = controller.run({ stop: signal, abort: signal });
  }

  async until(what: () => boolean): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!what()) {
      assert.ok(performance.now() < deadline, "it does not come");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the test ends"));
    await this.#run;
    await this.world[Symbol.asyncDispose]();
  }
}

Deno.test("a proxy is registered as soon as it is held, and what was found out is news", async () => {
  await using running = new Running(await World.start());
  const { results, world } = running;
  await running.until(() => results.get("uid-eu") !== undefined);
  assert.deepEqual(world.registered, []);
  await world.pass();
  await running.until(() => results.get("uid-eu")?.token !== undefined);
  assert.equal(world.token(), world.proxy.token);
  assert.equal(results.get("uid-eu")?.generation, 1);
  assert.ok(running.news.length >= 2);
});

Deno.test("what Coder tells somebody else about a proxy is looked at", async () => {
  await using running = new Running(await World.start());
  const { results, world } = running;
  await world.pass();
  const healthy = () =>
    results.get("uid-eu")?.report.conditions.find(({ type }) => type === "Healthy")?.reason;
  await running.until(() => healthy() === "WaitingForProxy");
  world.proxy.status = "ok";
  world.ms += 61_000;
  const place = { controlPlane: "a/coder", credential: "", client: world.coder.client };
  // Under the same credential, another proxy's visit asks.
  const found = world.tools.access.find({ name: "coder" }, KEY);
  assert.ok(found.found);
  const opened = await world.tools.access.open(found, new AbortController().signal);
  assert.ok(opened.ready);
  await world.listings.proxies({ ...place, credential: opened.coder.credentials }, {
    signal: new AbortController().signal,
    newerThan: world.ms - 1,
  });
  await running.until(() => healthy() === "Healthy");
});

Deno.test("what is kept of a control plane, and of an address, goes with the last that has it", async () => {
  await using running = new Running(await World.start());
  const { results, world } = running;
  await world.pass();
  await running.until(() => results.get("uid-eu")?.token !== undefined);
  world.kinds.controlPlanes.remove(world.kinds.controlPlanes.list()[0]!);
  assert.deepEqual(running.forgotten, ["access a/coder", "list a/coder"]);
  running.forgotten.length = 0;
  const { url } = world.coder.fake;
  world.change({ bootstrap: { coderURL: url, credentialsSecretRef: { name: "admin" } } });
  await running.until(() => results.get("uid-eu")?.generation === 2);
  world.kinds.workspaceProxies.remove(world.object);
  await running.until(() => results.size === 0);
  assert.deepEqual(running.forgotten, [`connection ${url}`, `list ${url}`]);
});

Deno.test("at its end the registration goes", async () => {
  await using running = new Running(await World.start());
  const { results, world } = running;
  await world.pass();
  await running.until(() => results.get("uid-eu")?.token !== undefined);
  world.delete();
  await running.until(() => results.ended("uid-eu")?.done === true);
  assert.deepEqual(world.registered, []);
});
