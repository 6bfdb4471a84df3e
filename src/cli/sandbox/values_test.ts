import assert from "node:assert/strict";
import type { z } from "zod";
import {
  absolutePath,
  absolutePaths,
  coordinatorUrl,
  coordinatorUrls,
  egressList,
  formatSize,
  labels,
  size,
  uidRange,
  word,
  workerId,
} from "./values.ts";

function refused(schema: z.ZodType<unknown>, given: unknown): string {
  const { error } = schema.safeParse(given);
  assert.ok(error !== undefined, `${JSON.stringify(given)} is refused`);
  return error.issues.map(({ message }) => message).join();
}

Deno.test("sizes are written as Kubernetes writes quantities, and keep their limits", () => {
  const cases: readonly [unknown, number][] = [
    ["4096", 4_096],
    [4_096, 4_096],
    ["512Mi", 512 * 2 ** 20],
    [" 2Gi ", 2 ** 31],
    ["1.5Gi", 1.5 * 2 ** 30],
    ["2G", 2e9],
    ["64k", 64_000],
    ["1MiB", 2 ** 20],
    ["1Ti", 2 ** 40],
  ];
  for (const [given, bytes] of cases) assert.equal(size({ min: 1 }).parse(given), bytes, String(given));
  for (const given of ["", "2 gigs", "-1", "2gi", "Gi", "1e9", true, null, [1]]) {
    refused(size({ min: 1 }), given);
  }
  assert.match(refused(size({ min: 2 ** 20, max: 2 ** 30 }), "1Ki"), /at least 1Mi and at most 1Gi/);
  assert.match(refused(size({ min: 1, max: 2 ** 30 }), "2Gi"), /at most 1Gi/);
});

Deno.test("sizes that are written are read as the same", () => {
  for (const bytes of [1, 1_023, 1_024, 1_536, 2 ** 20, 5 * 2 ** 30, 2 ** 40, 2 ** 30 + 1]) {
    assert.equal(size({ min: 1 }).parse(formatSize(bytes)), bytes);
  }
  assert.deepEqual([formatSize(2 ** 31), formatSize(1_536), formatSize(10)], ["2Gi", "1536", "10"]);
});

Deno.test("labels come with commas, repeated, as a list and as a map", () => {
  const both = { zone: "a", "example.com/gpu": "no" };
  for (const given of ["zone=a, example.com/gpu=no", ["zone=a", "example.com/gpu=no"], both]) {
    assert.deepEqual(labels().parse(given), both);
  }
  assert.deepEqual(labels().parse(""), {});
  assert.deepEqual(labels().parse("empty="), { empty: "" });
  assert.deepEqual(labels().parse({ gpus: 2 }), { gpus: "2" });
  const long = "x".repeat(64);
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`k${index}`, ""]));
  for (const given of ["zone", "=a", "-x=1", `a=${long}`, `${long}=a`, { a: [1] }, [[]], many, 1]) {
    refused(labels(), given);
  }
});

Deno.test("uids are a range above those of the system, with room", () => {
  assert.deepEqual(uidRange().parse("700000-765535"), { first: 700_000, count: 65_536 });
  assert.deepEqual(uidRange().parse("1000 - 1015"), { first: 1_000, count: 16 });
  for (
    const given of ["0-65535", "999-2000", "2000-1000", "1000-1010", "1000", "a-b", "1000-4294967295", 1000]
  ) {
    refused(uidRange(), given);
  }
});

Deno.test("workers dial a scheme, a host and a port, which is written out", () => {
  const cases: readonly [string, string][] = [
    ["https://c.example.com", "https://c.example.com:50050"],
    ["http://c:8080", "http://c:8080"],
    ["https://c:443/", "https://c:443"],
    ["http://c:80", "http://c:80"],
    ["coordinator", "http://coordinator:50050"],
    ["coordinator:50051", "http://coordinator:50051"],
    ["HTTPS://[::1]:5", "https://[::1]:5"],
    ["https://[::1]", "https://[::1]:50050"],
  ];
  for (const [given, url] of cases) assert.equal(coordinatorUrl().parse(given), url, given);
  for (
    const given of [
      "",
      "http://",
      "ftp://c",
      "grpc://c",
      "http://c/mcp",
      "http://u:p@c",
      "http://c?x=1",
      "http://c:0",
      "http://c:99999",
      "a b",
      1,
      null,
    ]
  ) refused(coordinatorUrl(), given);
});

Deno.test("egress is hosts, wildcards, addresses and networks, with or without ports", () => {
  const fine = [
    "*",
    "example.com",
    "*.example.com",
    "*.example.com:443",
    "localhost:8080",
    "example.com:*",
    "10.1.2.3",
    "10.0.0.0/8",
    "10.1.2.3:80",
    "fd00::/8",
    "::1",
    "[::1]:80",
    "a_b.internal",
  ];
  assert.deepEqual(egressList().parse(fine.join(", ")), fine);
  assert.deepEqual(egressList().parse(["Example.COM", "example.com"]), ["example.com"]);
  assert.deepEqual(egressList().parse(""), []);
  for (
    const given of [
      "https://example.com",
      "example.com/path",
      "ex*mple.com",
      "a..b",
      "a:0",
      "a:99999",
      "[x]:1",
      "-a",
      {},
      1.5e300,
    ]
  ) {
    refused(egressList(), given);
  }
});

Deno.test("paths are absolute", () => {
  assert.equal(absolutePath().parse(" /w "), "/w");
  for (const given of ["w", "", "./w", "/a\u0000b", 1]) refused(absolutePath(), given);
  assert.deepEqual(absolutePaths().parse(["/a,/b", "/a"]), ["/a", "/b"]);
  assert.deepEqual(absolutePaths().parse(""), []);
  for (const given of ["a", ["/a", "b"], [{}]]) refused(absolutePaths(), given);
});

Deno.test("workers' ids are names, words are taken in any case", () => {
  for (const id of ["w", "worker-1", "ip-10-0-0-1.ec2.internal", "A_b", "a".repeat(63)]) {
    assert.equal(workerId().parse(id), id);
  }
  for (const id of ["", "-w", "w-", "a b", "a/b", "a".repeat(64), null]) refused(workerId(), id);
  assert.equal(word(["debug", "info"]).parse(" INFO "), "info");
  assert.match(refused(word(["debug", "info", "warn"]), "loud"), /must be debug, info or warn/);
  assert.match(refused(word(["one"]), "two"), /must be one$/);
});

Deno.test("several coordinators are one text, each as one alone, and none twice", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ["coordinator", "http://coordinator:50050"],
    ["https://a, b:1,", "https://a:50050,http://b:1"],
    [["https://a", "https://b,https://a:50050"], "https://a:50050,https://b:50050"],
  ];
  for (const [given, urls] of cases) assert.equal(coordinatorUrls().parse(given), urls, String(given));
  for (const given of ["", ",", [], "https://a,ftp://b", ["https://a", 5], "https://a/path,https://b"]) {
    refused(coordinatorUrls(), given);
  }
});
