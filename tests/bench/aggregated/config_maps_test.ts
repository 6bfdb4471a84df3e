import { equal, match } from "node:assert/strict";
import { configMapName, fillOf } from "./config_maps.ts";

Deno.test("names of ConfigMaps sort as their numbers do", () => {
  const names = [0, 9, 10, 303, 9_999].map(configMapName);
  equal([...names].sort().join(), names.join());
});

Deno.test("what fills a ConfigMap is as long as asked for, and needs no escapes", () => {
  const text = fillOf('{"name":"a\\b","päth":"/x"}', 60);
  equal(text.length, 60);
  equal(JSON.stringify(text).length, 62);
  match(text, /^\{'name':'a'b','p'th'/);
});

Deno.test("nothing is filled where there is no room, or nothing to fill with", () => {
  equal(fillOf("abc", 0), "");
  equal(fillOf("abc", -5), "");
  equal(fillOf("", 5), "");
});
