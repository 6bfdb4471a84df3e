import assert from "node:assert/strict";
import {
  homeText,
  isOtherDeployment,
  organizationOf,
  refreshed,
  sameHome,
  sameOrganization,
} from "./homes.ts";
import type { Key, KeyWanted } from "./types.ts";

const home = { namespace: "a", name: "coder", deploymentId: "1", url: "http://old" };
const key: Key = { name: "k", organization: { name: "default" }, home };
const wanted: KeyWanted = {
  uid: "u",
  baseName: "prov",
  organization: { name: "default", id: "7" },
  tags: {},
  home: { ...home, url: "http://new", tokenSecret: { name: "token" } },
  existingSecret: false,
};

Deno.test("a deployment is the same by its id, whatever the control plane and the address", () => {
  assert.equal(sameHome(home, { ...home, url: "http://new" }), true);
  assert.equal(sameHome(home, { ...home, namespace: "b", name: "other" }), true);
  assert.equal(sameHome(home, { ...home, deploymentId: "2" }), false);
});

Deno.test("where the id is not known, the control plane tells", () => {
  const unknown = { ...home, deploymentId: undefined };
  assert.equal(sameHome(home, unknown), true);
  assert.equal(sameHome(home, { ...unknown, name: "other" }), false);
  assert.equal(sameHome(home, { ...unknown, namespace: "b" }), false);
  assert.equal(homeText(unknown), "a/coder");
});

Deno.test("what an older status does not say is taken for what is wanted", () => {
  const unnamed = { namespace: "a", name: "" };
  assert.equal(sameHome(unnamed, home), true);
  assert.equal(sameHome({ ...unnamed, namespace: "b" }, home), false);
  assert.equal(sameHome({ ...unnamed, deploymentId: "2" }, home), false);
  assert.equal(sameOrganization({ name: "" }, { name: "default", id: "7" }), true);
  assert.equal(sameOrganization({ name: "", id: "8" }, { name: "default", id: "7" }), false);
  const old: Key = { name: "k", organization: { name: "" }, home: unnamed };
  assert.deepEqual(refreshed(old, wanted), {
    name: "k",
    organization: wanted.organization,
    home: wanted.home,
  });
});

Deno.test("another deployment is one whose id is known to differ", () => {
  assert.equal(isOtherDeployment(home, "2"), true);
  assert.equal(isOtherDeployment(home, "1"), false);
  assert.equal(isOtherDeployment(home, undefined), false);
  assert.equal(isOtherDeployment({ ...home, deploymentId: undefined }, "2"), false);
});

Deno.test("an organization is the same by its id, or else by its name", () => {
  assert.equal(sameOrganization({ name: "default", id: "7" }, { name: "coder", id: "7" }), true);
  assert.equal(sameOrganization({ name: "eng", id: "7" }, { name: "eng", id: "8" }), false);
  assert.equal(sameOrganization({ name: "Eng" }, { name: "eng", id: "8" }), true);
  assert.equal(sameOrganization({ name: "eng" }, { name: "ops" }), false);
});

Deno.test("a key learns the new address, the credentials and the organization's id", () => {
  const { home, organization } = refreshed(key, wanted);
  assert.deepEqual(home, {
    namespace: "a",
    name: "coder",
    deploymentId: "1",
    url: "http://new",
    tokenSecret: { name: "token" },
  });
  assert.deepEqual(organization, { name: "default", id: "7" });
});

Deno.test("what is not known for the moment is not forgotten", () => {
  const full = { ...key, home: { ...home, tokenSecret: { name: "token" } } };
  const vague = { ...wanted, home: { namespace: "a", name: "coder" } };
  assert.deepEqual(refreshed(full, vague).home, full.home);
});

Deno.test("a key of another deployment or organization keeps what it has", () => {
  const elsewhere = { ...key, home: { ...home, deploymentId: "2" } };
  assert.equal(refreshed(elsewhere, wanted), elsewhere);
  const other = { ...key, organization: { name: "eng", id: "9" } };
  assert.deepEqual(refreshed(other, wanted).organization, other.organization);
});

Deno.test("Coder is asked by the organization's id where it is known: names change", () => {
  assert.equal(organizationOf({ organization: { name: "eng", id: "9" } }), "9");
  assert.equal(organizationOf({ organization: { name: "eng" } }), "eng");
});
