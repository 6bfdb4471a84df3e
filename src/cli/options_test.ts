import assert from "node:assert/strict";
import { isServiceLink, kebabCase, optionOf, OPTIONS } from "./options.ts";
import { GROUPS } from "./option_meta.ts";
import { settingsSchema } from "./schema.ts";

Deno.test("an option has one name in three spellings", () => {
  const { key, flag, env } = optionOf("healthBindAddress");
  assert.deepEqual([key, flag, env], [
    "healthBindAddress",
    "health-bind-address",
    "CODER_K8S_HEALTH_BIND_ADDRESS",
  ]);
  assert.equal(kebabCase("kubeApiQps"), "kube-api-qps");
});

Deno.test("no two options share a flag or a variable, and each key of the schema is an option", () => {
  assert.equal(new Set(OPTIONS.map((option) => option.flag)).size, OPTIONS.length);
  const variables = OPTIONS.flatMap((
    option,
  ) => [option.env, ...(option.alias === undefined ? [] : [option.alias])]);
  assert.equal(new Set(variables).size, variables.length);
  assert.deepEqual(OPTIONS.map((option) => option.key as string), Object.keys(settingsSchema.shape));
});

Deno.test("every option is explained in sentences and stands under a heading that has others", () => {
  for (const { key, help, group } of OPTIONS) {
    assert.match(help, /^[A-Z/].*[.]$/, key);
    assert.ok(help.length >= 15 && help.length <= 200, key);
    assert.ok(GROUPS.includes(group), key);
  }
  for (const group of GROUPS) {
    assert.ok(OPTIONS.filter((option) => option.group === group).length >= 2, group);
  }
});

Deno.test("the default that help shows is the default that counts", () => {
  for (const option of OPTIONS) {
    const absent = option.schema.safeParse(undefined);
    assert.ok(absent.success, `${option.key} can be left out`);
    if (option.defaultText !== undefined || option.shownDefault === "") continue;
    assert.deepEqual(option.schema.parse(option.shownDefault), absent.data, option.key);
  }
});

Deno.test("switches are exactly the booleans", () => {
  for (const option of OPTIONS) {
    const readsTrue = option.schema.safeParse("true");
    assert.equal(option.isSwitch, readsTrue.success && readsTrue.data === true, option.key);
  }
});

Deno.test("the words that completion offers are allowed, and no others", () => {
  for (const option of OPTIONS.filter(({ choices }) => choices !== undefined)) {
    for (const word of option.choices ?? []) assert.equal(option.schema.safeParse(word).success, true, word);
    assert.equal(option.schema.safeParse("qqq").success, false, option.key);
  }
});

Deno.test("the session token alone has an alias; secret is that, and where somebody may put a password", () => {
  assert.deepEqual(OPTIONS.filter(({ secret }) => secret === true).map(({ key }) => key), [
    "coderSessionToken",
    "sessionStore",
  ]);
  assert.deepEqual(OPTIONS.filter(({ alias }) => alias !== undefined).map(({ key }) => key), [
    "coderSessionToken",
  ]);
});

Deno.test("service links are told from settings by their ends", () => {
  const links = [
    "CODER_K8S_SERVICE_HOST",
    "CODER_K8S_SERVICE_PORT",
    "CODER_K8S_SERVICE_PORT_HTTP_METRICS",
    "CODER_K8S_PORT",
    "CODER_K8S_PORT_53_UDP",
    "CODER_K8S_PORT_53_UDP_PROTO",
    "CODER_K8S_APISERVER_PORT_443_TCP_ADDR",
  ];
  for (const name of links) assert.equal(isServiceLink(name), true, name);
  for (
    const name of [
      "CODER_K8S_PORTAL",
      "CODER_K8S_SERVICE",
      "CODER_K8S_PORT_X",
      "CODER_PORT",
      "XCODER_K8S_PORT",
    ]
  ) {
    assert.equal(isServiceLink(name), false, name);
  }
});
