import { deepEqual, equal } from "node:assert/strict";
import { pathOf, sizesFor } from "./provisioner_ground.ts";

Deno.test("300 provisioners are spread over 20 control planes, with 100 workspace proxies", () => {
  deepEqual(sizesFor(300), { provisioners: 300, homes: 20, proxies: 100 });
});

Deno.test("a quick look has the same proportions, and at least one of everything", () => {
  deepEqual(sizesFor(30), { provisioners: 30, homes: 2, proxies: 10 });
  deepEqual(sizesFor(1), { provisioners: 1, homes: 1, proxies: 1 });
});

Deno.test("objects of ours are found by their plural", () => {
  equal(pathOf("coderprovisioners"), "/apis/coder.com/v1alpha1/namespaces/provisioners/coderprovisioners");
});
