import { deepEqual, equal, throws } from "node:assert/strict";
import { parse } from "yaml";
import { FakeCoders } from "./control_planes.ts";

Deno.test("every fake Coder has an address of its own in the operator's configuration", async () => {
  await using coders = await FakeCoders.start(["a", "b"]);
  const config: unknown = parse(coders.endpoints("bench"));
  deepEqual(config, {
    controlPlaneEndpoint: [`bench/a=${coders.get("a").url}`, `bench/b=${coders.get("b").url}`],
  });
  equal(new Set([...coders.all.values()].map(({ url }) => url)).size, 2);
});

Deno.test("a fake Coder that was asked wrongly is named", async () => {
  await using coders = await FakeCoders.start(["good", "bad"]);
  coders.assertClean();
  await (await fetch(`${coders.get("bad").url}/api/v2/nonsense`)).body?.cancel();
  throws(() => coders.assertClean(), /the fake Coder bad was asked wrongly: GET \/api\/v2\/nonsense/);
});

Deno.test("a fake Coder that was not started is an error", async () => {
  await using coders = await FakeCoders.start([]);
  throws(() => coders.get("c"), /no fake Coder c/);
});
