import assert from "node:assert/strict";
import { ALPHANUMERIC, below, pick, seededRandom, text } from "../../telemetry/testing/random.ts";
import { template, workspace } from "../testing/records.ts";
import { Packer } from "./pack.ts";

Deno.test("what is unpacked equals what was packed", () => {
  const packer = new Packer();
  for (
    const value of [workspace(), template(), [], {}, [[]], [{}], null, "é\u2028", -1, [-1, [0]], {
      a: { a: 1 },
    }]
  ) {
    assert.deepEqual(packer.unpack(packer.pack(value)), value);
  }
});

Deno.test("a record takes less than its JSON, and names of fields take nothing", () => {
  const packer = new Packer();
  const record = workspace();
  assert.ok(packer.pack(record).length < JSON.stringify(record).length * 0.7);
  assert.doesNotMatch(packer.pack(record), /organization_name/);
});

Deno.test("equal values give equal texts, and a field that is undefined is no field", () => {
  const packer = new Packer();
  assert.equal(packer.pack({ a: 1, b: undefined }), packer.pack({ a: 1 }));
  assert.notEqual(packer.pack({ a: 1 }), packer.pack({ b: 1 }));
  assert.notEqual(packer.pack({ a: null }), packer.pack({}));
  assert.notEqual(packer.pack([]), packer.pack({}));
});

Deno.test("a field of any name is a field, and changes no prototype", () => {
  const packer = new Packer();
  const value = JSON.parse('{"__proto__":{"x":1},"constructor":2,"":3}');
  const unpacked = packer.unpack(packer.pack(value)) as object;
  assert.equal(Object.getPrototypeOf(unpacked), Object.prototype);
  assert.equal(JSON.stringify(unpacked), JSON.stringify(value));
});

Deno.test("whatever JSON there is, it comes back as it was", () => {
  const random = seededRandom(41);
  const packer = new Packer();
  const value = (depth: number): unknown => {
    switch (below(random, depth > 4 ? 3 : 5)) {
      case 0:
        return text(random, below(random, 9), `${ALPHANUMERIC}[]"\\é`);
      case 1:
        return below(random, 9) - 4;
      case 2:
        return pick(random, [null, true, false]);
      case 3:
        return Array.from({ length: below(random, 4) }, () => value(depth + 1));
    }
    const names = Array.from({ length: below(random, 4) }, () => text(random, below(random, 3), 'abc,"['));
    return Object.fromEntries(names.map((name) => [name, value(depth + 1)]));
  };
  for (let round = 0; round < 2_000; round++) {
    const one = value(0);
    assert.deepEqual(packer.unpack(packer.pack(one)), one);
  }
});
