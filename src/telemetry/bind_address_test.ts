import assert from "node:assert/strict";
import { addressText, BindAddressError, parseBindAddress } from "./bind_address.ts";

const ACCEPTED: [string, { hostname: string; port: number } | undefined][] = [
  [":8081", { hostname: "0.0.0.0", port: 8081 }],
  ["8081", { hostname: "0.0.0.0", port: 8081 }],
  [" :0 ", { hostname: "0.0.0.0", port: 0 }],
  ["127.0.0.1:0", { hostname: "127.0.0.1", port: 0 }],
  ["localhost:65535", { hostname: "localhost", port: 65_535 }],
  ["[::1]:8081", { hostname: "::1", port: 8081 }],
  ["[::]:8081", { hostname: "::", port: 8081 }],
  ["0", undefined],
  ["", undefined],
  ["  ", undefined],
];

for (const [text, expected] of ACCEPTED) {
  Deno.test(`parseBindAddress() reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseBindAddress(text), expected);
  });
}

for (
  const text of [
    "::1:8081",
    "http://x:80",
    ":65536",
    ":",
    "host",
    "host:",
    "a b:80",
    ":80/",
    "[::1]",
    "-1",
    ":8o",
  ]
) {
  Deno.test(`parseBindAddress() refuses ${JSON.stringify(text)} and says what it takes`, () => {
    assert.throws(() => parseBindAddress(text), (error: unknown) => {
      assert.ok(error instanceof BindAddressError);
      assert.ok(error.message.includes(JSON.stringify(text)), error.message);
      assert.match(error.message, /:8081/);
      return true;
    });
  });
}

Deno.test("addressText() writes what parseBindAddress() reads", () => {
  for (const text of ["127.0.0.1:80", "[::1]:8081", "localhost:1"]) {
    assert.equal(addressText(parseBindAddress(text)!), text);
  }
});
