import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { objectionToKeyPair } from "../http/tls.ts";
import { bundleOf, type Certificates, rotate, type RotationOptions } from "./rotation.ts";

const DAY = 86_400_000;
const HOUR = 3_600_000;
const START = Date.parse("2026-01-01T00:00:00Z");
const NAMES = ["api.coder-system.svc", "api.coder-system.svc.cluster.local"];

const at = (before: Certificates | undefined, days: number, options: Partial<RotationOptions> = {}) =>
  rotate(before, START + days * DAY, { dnsNames: NAMES, isTrusted: true, ...options });

/** Whether a client that trusts `bundle` accepts what is served. */
function isAccepted({ serving }: Certificates, bundle: string, days: number): boolean {
  const leaf = new X509Certificate(serving.certPem);
  const now = START + days * DAY;
  const authorities = bundle.split(/(?<=-----END CERTIFICATE-----\n)/).filter((pem) => pem.trim() !== "").map(
    (pem) => new X509Certificate(pem),
  );
  return Date.parse(leaf.validFrom) <= now && now < Date.parse(leaf.validTo) &&
    authorities.some((authority) =>
      leaf.checkIssued(authority) && leaf.verify(authority.publicKey) && now < Date.parse(authority.validTo)
    );
}

Deno.test("at first there are an authority and a certificate with all names, which it signed", async () => {
  const made = await at(undefined, 0);
  const leaf = new X509Certificate(made.serving.certPem);
  assert.equal(leaf.subjectAltName, NAMES.map((name) => `DNS:${name}`).join(", "));
  assert.equal(leaf.ca, false);
  assert.equal(Date.parse(leaf.validFrom), START - HOUR);
  assert.equal(Date.parse(leaf.validTo), START + 90 * DAY);
  const authority = new X509Certificate(made.authority.certPem);
  assert.equal(authority.ca, true);
  assert.equal(Date.parse(authority.validTo), START + 730 * DAY);
  assert.ok(isAccepted(made, bundleOf(made), 0));
  assert.deepEqual([objectionToKeyPair(made.serving), objectionToKeyPair(made.authority)], [
    undefined,
    undefined,
  ]);
  assert.deepEqual([made.next, made.previous], [undefined, undefined]);
});

Deno.test("while all is well, nothing is made anew", async () => {
  const made = await at(undefined, 0);
  assert.equal(await at(made, 1), made);
  assert.equal(await at(made, 59), made);
});

Deno.test("a serving certificate is renewed by the same authority when a third of its life is left", async () => {
  const made = await at(undefined, 0);
  const renewed = await at(made, 61);
  assert.equal(renewed.authority, made.authority);
  assert.notEqual(renewed.serving.certPem, made.serving.certPem);
  assert.ok(isAccepted(renewed, bundleOf(made), 61));
});

Deno.test("a serving certificate without a name that is needed is made anew", async () => {
  const made = await at(undefined, 0);
  const more = await at(made, 1, { dnsNames: [...NAMES, "api.example.com"] });
  assert.match(new X509Certificate(more.serving.certPem).subjectAltName ?? "", /DNS:api\.example\.com/);
  assert.equal(more.authority, made.authority);
});

Deno.test("a serving certificate that is broken, or not the authority's, is made anew", async () => {
  const made = await at(undefined, 0);
  const other = await at(undefined, 0);
  const bad = [
    { certPem: "junk", keyPem: "junk" },
    { certPem: made.serving.certPem, keyPem: other.serving.keyPem },
    other.serving,
  ];
  for (const serving of bad) {
    const mended = await at({ ...made, serving }, 1);
    assert.equal(mended.authority, made.authority);
    assert.ok(isAccepted(mended, bundleOf(made), 1));
  }
});

Deno.test("authorities that cannot be used are replaced with all that they signed", async () => {
  const made = await at(undefined, 0);
  const other = await at(undefined, 0);
  const junk = { certPem: "junk", keyPem: "junk" };
  const bad: Certificates[] = [
    { ...made, authority: junk },
    { ...made, authority: { ...made.authority, keyPem: other.authority.keyPem } },
    { ...made, next: junk },
    { ...made, previous: "junk" },
  ];
  for (const before of bad) {
    const fresh = await at(before, 1);
    assert.notEqual(fresh.authority.certPem, made.authority.certPem);
    assert.deepEqual([fresh.next, fresh.previous], [undefined, undefined]);
    assert.ok(isAccepted(fresh, bundleOf(fresh), 1));
  }
  const expired = await at(made, 731);
  assert.ok(isAccepted(expired, bundleOf(expired), 731));
});

Deno.test("an authority is followed by another in three steps, each of which everyone learns of before the next", async () => {
  let now = 0;
  const first = await at(undefined, now);
  // The last one that it signs must live its whole life.
  now = 639;
  const kept = await at(first, now);
  assert.equal(kept.next, undefined);
  now = 640;
  const announced = await at(kept, now);
  assert.ok(announced.next !== undefined);
  assert.equal(announced.authority, kept.authority);
  assert.equal(bundleOf(announced).match(/BEGIN CERTIFICATE/g)?.length, 2);
  assert.ok(isAccepted(announced, bundleOf(kept), now));

  assert.equal(await at(announced, now + 0.5 / 24), announced);
  now += 1 / 24;
  const followed = await at(announced, now);
  assert.equal(followed.authority, announced.next);
  assert.equal(followed.previous, announced.authority.certPem);
  assert.ok(isAccepted(followed, bundleOf(announced), now), "who trusts the bundle of before accepts it");
  assert.ok(
    isAccepted(announced, bundleOf(followed), now),
    "replicas that have not heard of it are accepted",
  );

  assert.equal(await at(followed, now + 0.5 / 24), followed);
  now += 1 / 24;
  const done = await at(followed, now);
  assert.deepEqual([done.authority, done.serving, done.next, done.previous], [
    followed.authority,
    followed.serving,
    undefined,
    undefined,
  ]);
  assert.equal(bundleOf(done).match(/BEGIN CERTIFICATE/g)?.length, 1);
  assert.ok(isAccepted(followed, bundleOf(done), now));
  assert.equal(await at(done, now + 1), done);
});

Deno.test("the next authority signs nothing before it is trusted", async () => {
  const first = await at(undefined, 0);
  const announced = await at(first, 645);
  const waiting = await at(announced, 650, { isTrusted: false });
  assert.equal(waiting.authority.certPem, first.authority.certPem);
  assert.ok(isAccepted(waiting, bundleOf(first), 650));
  assert.equal((await at(waiting, 650)).authority, announced.next);
});

Deno.test("over half a year of short lives, looked at every few hours, everyone is accepted by what was trusted one look before", async () => {
  let before = await at(undefined, 0, { authorityMs: 60 * DAY, servingMs: 9 * DAY });
  let authorities = 1;
  for (let day = 0.5; day < 180; day += 0.5) {
    const after = await at(before, day, { authorityMs: 60 * DAY, servingMs: 9 * DAY });
    assert.ok(
      isAccepted(after, bundleOf(before), day),
      `day ${day}: what is served now, by what was trusted before`,
    );
    assert.ok(
      isAccepted(before, bundleOf(after), day),
      `day ${day}: what was served before, by what is trusted now`,
    );
    if (after.authority !== before.authority) authorities++;
    before = after;
  }
  assert.ok(authorities >= 3 && authorities <= 5, `${authorities} authorities`);
});
