import assert from "node:assert/strict";
import { timeText } from "../../core_events.ts";
import { NOW } from "../../testing.ts";
import { provisionerNotEntitled as rule } from "./provisioner_not_entitled.ts";
import { ago, facts, offline, provisioner, seen, unread } from "./testing.ts";

const REFUSED = ["NotEntitled", "The licence of this Coder does not allow external provisioners"] as const;
const refused = provisioner({ refused: { ExternalProvisionersEntitled: REFUSED } });
const none = { hasLicense: true, trial: false, errors: [], warnings: [], expiries: [] };

Deno.test("a licence without external provisioners is named in Coder's own words", () => {
  const features = { external_provisioner_daemons: { entitlement: "not_entitled", enabled: false } };
  const [finding] = rule.find(offline({
    provisioner: seen(refused),
    entitlements: seen({ ...none, features, errors: ["Your license has expired"] }),
  }));
  assert.equal(
    finding?.cause,
    "The licence of control plane lab/coder does not allow external provisioners: provisioner lab/gpu gets no key.",
  );
  assert.deepEqual(finding.evidence, [{
    source: "entitlements of Coder",
    at: timeText(NOW),
    quote: "external_provisioner_daemons: not_entitled, has_license: true; Your license has expired",
  }, {
    source: "condition ExternalProvisionersEntitled of provisioner lab/gpu",
    at: ago(300),
    quote: `${REFUSED[0]}: ${REFUSED[1]}`,
  }]);
  assert.deepEqual(finding.next[1]?.tool, {
    name: "get_license_and_entitlements",
    arguments: { namespace: "lab", name: "coder" },
  });
});

Deno.test("a Coder without any licence has none, whether or not it names the feature", () => {
  const [finding] = rule.find(offline({ entitlements: seen({ ...none, features: {}, hasLicense: false }) }));
  assert.match(
    finding?.evidence[0]?.quote ?? "",
    /^external_provisioner_daemons: not_entitled, has_license: false/,
  );
});

Deno.test("a build that knows no licences is told apart", () => {
  const object = provisioner({
    refused: { ExternalProvisionersEntitled: ["NotSupported", "This build has none"] },
  });
  const notServed = { state: "unread", what: "get the entitlements", kind: "notServed", why: "404" } as const;
  const [finding] = rule.find(offline({ provisioner: seen(object), entitlements: notServed }));
  assert.equal(finding?.cause, "The build of Coder of control plane lab/coder has no external provisioners.");
  assert.equal(finding.next.length, 1);
});

Deno.test("the operator's word counts where entitlements were not read", () => {
  const [finding] = rule.find(offline({ provisioner: seen(refused), entitlements: unread }));
  assert.equal(finding?.evidence.length, 1);
});

Deno.test("what Coder allows now counts more than what the operator saw before", () => {
  assert.deepEqual(rule.find(facts({ provisioner: seen(refused) })), []);
  assert.deepEqual(rule.find(facts()), []);
  const grace = { external_provisioner_daemons: { entitlement: "grace_period", enabled: true } };
  assert.deepEqual(rule.find(facts({ entitlements: seen({ ...none, features: grace }) })), []);
  assert.deepEqual(rule.find(facts({ entitlements: unread })), []);
  assert.deepEqual(rule.find(facts({ entitlements: seen({ ...none, features: {} }) })), []);
  assert.deepEqual(rule.find(facts({ provisioner: unread })), []);
});
