/**
 * What kube-apiserver does with a custom resource is what it should be like here: the same objects lie in a
 * CustomResourceDefinition and behind the aggregated API, and the same requests go to both.
 */
import assert from "node:assert/strict";
import { sharedCluster } from "../cluster/mod.ts";
import { ACCEPT_CASES } from "./conformance/accept_cases.ts";
import { type Case, objectionsTo } from "./conformance/compare.ts";
import { fillTwins } from "./conformance/content.ts";
import { ANONYMOUS_CASES, FORBIDDEN_CASES, UNAUTHORIZED_CASES } from "./conformance/identity_cases.ts";
import { PATH_CASES } from "./conformance/path_cases.ts";
import { GET_CASES, LIST_CASES } from "./conformance/read_cases.ts";
import { Twins } from "./conformance/twins.ts";

Deno.test("requests are answered as kube-apiserver answers them for a custom resource", async (t) => {
  await using twins = await Twins.start(await sharedCluster());
  await fillTwins(twins);

  const areEqual = (what: string, cases: readonly Case[], asked: Pick<Twins, "twins"> = twins) =>
    t.step(`${what}: ${cases.length} requests`, async () => {
      const objections = await objectionsTo(cases, asked);
      // Not compared, but told: there would be nothing to see of two long texts.
      if (objections !== "") assert.fail(`\n${objections}`);
    });

  await areEqual("one object", GET_CASES);
  await areEqual("lists", LIST_CASES);
  await areEqual("forms of answers", ACCEPT_CASES);
  await areEqual("paths and methods", PATH_CASES);
  using stranger = await twins.as("stranger");
  await areEqual("who may not", FORBIDDEN_CASES, stranger);
  using nobody = await twins.as("nobody");
  await areEqual("who is not known", UNAUTHORIZED_CASES, nobody);
  await areEqual("who does not say", ANONYMOUS_CASES, nobody);
});
