import assert from "node:assert/strict";
import { isInternal, isWithin, parseAddress, parseRange } from "./addresses.ts";

Deno.test("addresses are read in their usual forms alone", () => {
  assert.equal(parseAddress("10.1.2.3")!.toHex(), "00000000000000000000ffff0a010203");
  assert.deepEqual(parseAddress("::ffff:10.1.2.3"), parseAddress("10.1.2.3"));
  assert.deepEqual(parseAddress("::ffff:a01:203"), parseAddress("10.1.2.3"));
  assert.equal(parseAddress("2001:DB8::1")!.toHex(), "20010db8000000000000000000000001");
  assert.equal(parseAddress("1:2:3:4:5:6:7:8")!.toHex(), "00010002000300040005000600070008");
  assert.equal(parseAddress("::")!.toHex(), "0".repeat(32));
  for (
    const text of [
      "",
      "127.1",
      "0x7f.0.0.1",
      "2130706433",
      "010.0.0.1",
      "256.0.0.1",
      "1.2.3.4.5",
      "1.2.3.4 ",
      "1::2::3",
      ":::",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7::8:9",
      "fe80::1%eth0",
      "12345::",
      "::1.2.3",
      "1.2.3.4::",
      "example.com",
    ]
  ) assert.equal(parseAddress(text), undefined, text);
});

Deno.test("ranges have as many bits as they say", () => {
  const has = (range: string, address: string) => isWithin(parseAddress(address)!, parseRange(range)!);
  assert.ok(has("10.0.0.0/8", "10.255.0.1"));
  assert.ok(!has("10.0.0.0/8", "11.0.0.1"));
  assert.ok(has("192.168.4.0/22", "192.168.7.255"));
  assert.ok(!has("192.168.4.0/22", "192.168.8.0"));
  assert.ok(has("10.1.2.3", "10.1.2.3"));
  assert.ok(!has("10.1.2.3", "10.1.2.4"));
  assert.ok(has("0.0.0.0/0", "203.0.113.9"));
  assert.ok(!has("0.0.0.0/0", "2001:db8::1"));
  assert.ok(has("::/0", "2001:db8::1"));
  assert.ok(has("fd00::/9", "fd7f::1"));
  assert.ok(!has("fd00::/9", "fd80::1"));
  for (const text of ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "/8", "10.0.0.0/-1", "x/8"]) {
    assert.equal(parseRange(text), undefined, text);
  }
});

Deno.test("what is internal is known in every disguise", () => {
  for (
    const text of [
      "127.0.0.1",
      "0.0.0.0",
      "10.9.8.7",
      "100.64.0.1",
      "100.100.100.200",
      "169.254.169.254",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.0.1",
      "192.0.0.192",
      "198.18.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "::",
      "::1",
      "::7f00:1",
      "::ffff:127.0.0.1",
      "::ffff:a9fe:a9fe",
      "64:ff9b::169.254.169.254",
      "64:ff9b:1::1",
      "2002:7f00:1::",
      "2002:a9fe:a9fe::1",
      "2001:0:1::1",
      "fc00::1",
      "fd00:ec2::254",
      "fe80::1",
      "fec0::1",
      "ff02::1",
    ]
  ) assert.ok(isInternal(parseAddress(text)!), text);
  for (
    const text of [
      "1.1.1.1",
      "172.32.0.1",
      "100.128.0.1",
      "203.0.113.80",
      "2606:4700::1111",
      "64:ff9b::1.1.1.1",
      "2002:101:101::",
    ]
  ) assert.ok(!isInternal(parseAddress(text)!), text);
});
