import { deepEqual, equal, match } from "node:assert/strict";
import { base64url, challengeOf, claimsOf, randomText } from "./pkce.js";

Deno.test("the challenge is that of RFC 7636, appendix B", async () => {
  equal(
    await challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  );
});

Deno.test("random texts are of 256 bits, fit for an address, and never the same", () => {
  const all = Array.from({ length: 100 }, randomText);
  for (const text of all) match(text, /^[\w-]{43}$/);
  equal(new Set(all).size, 100);
  equal(base64url(Uint8Array.of(251, 255, 254)), "-__-");
  equal(base64url(new Uint8Array()), "");
});

Deno.test("claims are read of a JWT, and of nothing else", () => {
  const part = (value: unknown) => base64url(new TextEncoder().encode(JSON.stringify(value)));
  deepEqual(claimsOf(`${part({})}.${part({ sub: "Zoë 🙂" })}.x`), { sub: "Zoë 🙂" });
  for (
    const token of [
      "",
      "a.b",
      "a.b.c.d",
      "a.!!.c",
      `a.${part([])}.c`,
      `a.${part(1)}.c`,
      `a.${part(null)}.c`,
      `a.${base64url(Uint8Array.of(0xff, 0xfe))}.c`,
      "..",
      "sk-opaque",
    ]
  ) equal(claimsOf(token), undefined, token);
});
