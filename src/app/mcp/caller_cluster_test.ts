import assert from "node:assert/strict";
import { createSharedCache } from "../../kube/cache/shared_cache.ts";
import { FakeApi } from "../../kube/testing/fake_api.ts";
import { workloadKinds } from "../../workload/kinds.ts";
import { cachedKinds } from "./caller_cluster.ts";

Deno.test("the kinds of coder.com are watched once, for controllers and tools alike", () => {
  for (const namespace of [[], ["lab", "prod"]]) {
    const cache = createSharedCache({ client: new FakeApi().client });
    const { controlPlanes, provisioners, workspaceProxies } = workloadKinds(cache, namespace);
    const kinds = cachedKinds({ cache, config: { namespace } as never });
    assert.deepEqual(kinds.map(({ informer }) => informer), [controlPlanes, provisioners, workspaceProxies]);
    assert.deepEqual(kinds.map(({ type }) => type.plural), [
      "codercontrolplanes",
      "coderprovisioners",
      "coderworkspaceproxies",
    ]);
    assert.ok(kinds.every(({ namespaces }) => namespaces === namespace));
  }
});
