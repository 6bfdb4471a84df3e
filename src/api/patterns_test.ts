import assert from "node:assert/strict";
import * as patterns from "./patterns.ts";

const cases: Record<keyof typeof patterns, { yes: string[]; no: string[] }> = {
  NOT_BLANK: { yes: ["a", " a "], no: ["", "  ", "\t"] },
  TRIMMED: { yes: ["", "a", "a b", "ghcr.io/coder/coder:latest"], no: [" ", " a", "a ", "\ta"] },
  SERVICE_NAME: { yes: ["a", "a-1", "coder"], no: ["", "1a", "a.b", "a-", "-a", "A"] },
  NAMESPACE: { yes: ["a", " a ", "1-a"], no: ["", " ", "a.b", "a-", "A"] },
  NAMESPACE_OR_EMPTY: { yes: ["", "a", "1-a"], no: [" ", " a", "a.b", "a-", "A"] },
  OBJECT_NAME: { yes: ["", "a", "a.b-c", "1"], no: [" ", "a..b", ".a", "a.", "a_b", "A"] },
  OBJECT_NAME_TRIMMED: { yes: ["", " ", " a.b "], no: ["a b", "A", "a."] },
  HOST: { yes: ["coder", "a.b.c", " a.b "], no: ["", "*", "*.a.b", "a.*.b", "A.b", "a/b", "a:80"] },
  WILDCARD_HOST: { yes: ["", " ", "*.a", " *.a.b "], no: ["*", "*.", "a.b", "**.a", "*.*.a", "*.A"] },
  HTTP_URL: {
    yes: ["http://a", "HTTPS://a:1/b", " https://a "],
    no: ["", "a", "ftp://a", "https://", "http://a b"],
  },
  HTTP_URL_OR_EMPTY: { yes: ["", " ", "http://a"], no: ["a.example.com"] },
  ENV_NAME: { yes: ["A", "a.b-c d", "~!", "1"], no: ["", "A=B", "ä", "a\nb"] },
  DATA_KEY: { yes: ["", "a.B_c-1"], no: [" ", "a/b", "ä"] },
  LABEL_VALUE: { yes: ["", "a", "A.b_c-1"], no: [" ", "-a", "a-", "a b"] },
  IP_ADDRESS: { yes: ["10.0.0.1", "fd00::1", "::ffff:10.0.0.1"], no: ["", "10.0.0", "coder", "10.0.0.1/8"] },
  CIDR: { yes: ["10.0.0.0/8", "fd00::/8"], no: ["", "10.0.0.1", "a/8", "10.0.0.0/"] },
  PORT_NAME: { yes: ["a", "prometheus-http", "1"], no: ["", "-a", "A", "a.b"] },
  GITHUB_TEAM: { yes: ["acme/devs", "A.b/c_d"], no: ["", "acme", "acme/", "/devs", "a/b/c", "a /b"] },
};

for (const [name, pattern] of Object.entries(patterns)) {
  Deno.test(`${name} matches what it describes and nothing else`, () => {
    const { yes, no } = cases[name as keyof typeof patterns];
    for (const text of yes) assert.match(text, new RegExp(pattern), JSON.stringify(text));
    for (const text of no) assert.doesNotMatch(text, new RegExp(pattern), JSON.stringify(text));
  });
}
