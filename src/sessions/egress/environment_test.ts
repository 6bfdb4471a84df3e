import assert from "node:assert/strict";
import { egressEnvironment } from "./environment.ts";

Deno.test("sessions are told of what there is, and of nothing else", () => {
  assert.deepEqual(egressEnvironment({}), {});
  const proxy = egressEnvironment({ proxyPort: 3128 });
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]) {
    assert.equal(proxy[name], "http://127.0.0.1:3128", name);
  }
  assert.match(proxy["no_proxy"]!, /127\.0\.0\.1/);
  assert.ok(!("PIP_INDEX_URL" in proxy));
  const mirror = egressEnvironment({ mirrorPort: 3129 });
  assert.equal(mirror["PIP_INDEX_URL"], "http://127.0.0.1:3129/pypi/simple/");
  assert.equal(mirror["npm_config_registry"], "http://127.0.0.1:3129/npm/");
  assert.ok(!("HTTP_PROXY" in mirror));
  for (const value of Object.values({ ...proxy, ...mirror })) assert.ok(value.length > 0);
});
