import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { startClientRig } from "../fake-coder/client_rig.ts";
import {
  busiest,
  countByRoute,
  inWords,
  isAboutKeys,
  isNewKey,
  isVerification,
  total,
} from "./coder_requests.ts";

const KEYS = "/api/v2/organizations/{organization}/provisionerkeys";

const request = (at: number, method: string, route: string | undefined, path = "/x") => ({
  at,
  method,
  route,
  path,
});

const COUNTS = new Map([
  [`GET ${KEYS}`, 5],
  [`POST ${KEYS}`, 2],
  [`DELETE ${KEYS}/{name}`, 1],
  ["GET /api/v2/entitlements", 4],
]);

Deno.test("requests are counted by method and route within their stretch, its end left out", () => {
  const requests = [
    request(9, "GET", KEYS),
    request(10, "GET", KEYS),
    request(15, "POST", KEYS),
    request(19, "GET", KEYS),
    request(20, "GET", KEYS),
  ];
  deepEqual([...countByRoute(requests, { since: 10, until: 20 })], [[`GET ${KEYS}`, 2], [`POST ${KEYS}`, 1]]);
  equal(total(countByRoute(requests, { since: 10 })), 4);
});

Deno.test("a request without a route counts by its path, so that nothing is overlooked", () => {
  const counts = countByRoute([request(1, "GET", undefined, "/api/v2/strange")], { since: 0 });
  deepEqual([...counts], [["GET /api/v2/strange", 1]]);
});

Deno.test("requests that only provisioners and proxies need are verification, a control plane's own are not", () => {
  for (
    const what of [
      "GET /api/v2/organizations",
      "GET /api/v2/organizations/{organization}",
      `GET ${KEYS}`,
      `GET ${KEYS}/daemons`,
      "GET /api/v2/organizations/{organization}/provisionerjobs",
      "GET /api/v2/workspaceproxies",
      "PATCH /api/v2/workspaceproxies/{proxy}",
      "GET /api/v2/workspaceproxies/me/crypto-keys",
    ]
  ) ok(isVerification(what), what);
  for (
    const what of [
      "GET /api/v2/buildinfo",
      "GET /api/v2/entitlements",
      "GET /api/v2/licenses",
      "GET /api/v2/users/{user}",
      "GET /api/v2/workspaceproxies-of-others",
    ]
  ) ok(!isVerification(what), what);
});

Deno.test("what is about keys is told from the list of daemons by key, and new keys from lists", () => {
  equal(total(COUNTS, isAboutKeys), 8);
  equal(total(COUNTS, isNewKey), 2);
  ok(!isAboutKeys(`GET ${KEYS}/daemons`));
  ok(!isNewKey("POST /api/v2/workspaceproxies"));
});

Deno.test("the busiest is the one with most requests of those that count", () => {
  const loud = new Map([["GET /api/v2/buildinfo", 100]]);
  equal(busiest([loud, COUNTS], isAboutKeys), COUNTS);
  equal(busiest([COUNTS, loud], () => true), loud);
  equal(busiest([], () => true).size, 0);
});

Deno.test("counts are told with the most frequent first, without what all routes have in common", () => {
  equal(
    inWords(COUNTS),
    "5 GET provisionerkeys, 4 GET entitlements, 2 POST provisionerkeys, 1 DELETE provisionerkeys/{name}",
  );
  equal(inWords(new Map([["GET /api/v2/organizations", 1]])), "1 GET organizations");
  equal(inWords(COUNTS, (what) => what.endsWith("entitlements")), "4 GET entitlements");
  equal(inWords(new Map()), "nothing");
});

Deno.test("what a fake Coder has recorded of a client's calls is counted, also what it refused", async () => {
  await using rig = await startClientRig();
  const { client, fake } = rig;
  const signal = AbortSignal.timeout(60_000);
  const since = performance.now();
  await client.system.buildInfo({ signal });
  const [organization] = await client.organizations.list({ signal });
  // Without a licence.
  await rejects(client.provisioners.listKeys(organization?.id ?? "", { signal }), /403/);
  const counts = countByRoute(fake.requests, { since });
  equal(total(counts), 3);
  equal(total(counts, isVerification), 2);
  equal(inWords(counts, isAboutKeys), "1 GET provisionerkeys");
});
