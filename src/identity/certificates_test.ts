import assert from "node:assert/strict";
import { below, seededRandom } from "../telemetry/testing/random.ts";
import { CertificateError } from "./certificate.ts";
import {
  type CaBundle,
  createVerifier,
  parseCaBundle,
  pemToDer,
  type Verification,
  verifyClientCertificate,
} from "./certificates.ts";
import {
  CLIENT_AUTH,
  type KeyAlgorithm,
  type Made,
  makeAuthority,
  makeCertificate,
  makeClient,
  P256,
  peerOf,
  SERVER_AUTH,
} from "./testing/certificates.ts";
import { x509 } from "./x509.ts";

const HOUR_MS = 3_600_000;
const flags = x509.KeyUsageFlags;

function bundleOf(...authorities: Made[]): CaBundle {
  return parseCaBundle(authorities.map(({ pem }) => pem).join("\n"));
}

function verify(
  leaf: Made,
  authorities: Made[],
  chain: Made[] = [],
  now = Date.now(),
): Promise<Verification> {
  return verifyClientCertificate(peerOf(leaf, chain), bundleOf(...authorities), now);
}

async function refusalOf(
  leaf: Made,
  authorities: Made[],
  chain: Made[] = [],
  now = Date.now(),
): Promise<string> {
  const verification = await verify(leaf, authorities, chain, now);
  assert.ok(!verification.verified, "the certificate must be refused");
  return verification.why;
}

Deno.test("a client certificate of a trusted authority tells its holder, and how long that counts", async () => {
  const authority = await makeAuthority("ca");
  const leaf = await makeCertificate({
    issuer: authority,
    name: [{ O: ["dev"] }, { O: ["ops, and more"] }, { "1.3.6.1.4.1.57683.2": ["uid-7"] }, {
      CN: ["jürgen"],
    }],
    untilMs: HOUR_MS / 2,
  });
  const verification = await verify(leaf, [authority]);
  assert.ok(verification.verified);
  const { commonName, organizations, uid, fingerprint } = verification.holder;
  assert.deepEqual({ commonName, organizations, uid }, {
    commonName: "jürgen",
    organizations: ["dev", "ops, and more"],
    uid: "uid-7",
  });
  assert.match(fingerprint, /^[0-9a-f]{64}$/);
  assert.ok(verification.notAfter - Date.now() < HOUR_MS / 2 + 60_000, "the leaf ends first");
  assert.ok(verification.notBefore < Date.now());
});

Deno.test("a certificate of another authority is refused, also where that has the same name", async () => {
  const [trusted, namesake, other] = await Promise.all([
    makeAuthority("ca"),
    makeAuthority("ca"),
    makeAuthority("other"),
  ]);
  for (const issuer of [namesake, other]) {
    const leaf = await makeClient(issuer, "front-proxy");
    assert.match(await refusalOf(leaf, [trusted]), /no trusted authority signed it/);
    assert.match(await refusalOf(leaf, [trusted], [issuer]), /no trusted authority signed it/);
    assert.ok((await verify(leaf, [trusted, issuer])).verified, "it is a sound certificate otherwise");
  }
});

Deno.test("a certificate that signed itself is refused unless it is an authority's, and then, too", async () => {
  const authority = await makeAuthority("ca");
  const own = await makeCertificate({ name: [{ CN: ["front-proxy"] }] });
  assert.match(await refusalOf(own, [authority], [own]), /no trusted authority/);
  assert.match(await refusalOf(own, [own]), /no trusted authority/);
  assert.match(await refusalOf(authority, [authority]), /that of an authority/);
});

Deno.test("certificates count from their first to their last moment, those of the chain included", async () => {
  const authority = await makeAuthority("ca");
  const leaf = await makeClient(authority, "jane", [], { fromMs: -60_000, untilMs: 60_000 });
  assert.ok((await verify(leaf, [authority])).verified);
  assert.match(await refusalOf(leaf, [authority], [], Date.now() + 62_000), /it expired on 20/);
  assert.match(await refusalOf(leaf, [authority], [], Date.now() - 62_000), /it is not valid before 20/);
  const old = await makeAuthority("old", { fromMs: -2 * HOUR_MS, untilMs: -HOUR_MS });
  assert.match(await refusalOf(await makeClient(old, "jane"), [old]), /CN=old: it expired on/);
});

Deno.test("a certificate for servers alone is no client's; one without any limit is", async () => {
  const authority = await makeAuthority("ca");
  const purposes = (list: string[] | null) => makeClient(authority, "jane", [], { purposes: list });
  assert.match(await refusalOf(await purposes([SERVER_AUTH]), [authority]), /not for client authentication/);
  for (const list of [null, ["2.5.29.37.0"], [SERVER_AUTH, CLIENT_AUTH]]) {
    assert.ok((await verify(await purposes(list), [authority])).verified, JSON.stringify(list));
  }
});

Deno.test("what an authority's certificate may be used for limits what it signs", async () => {
  const servers = await makeAuthority("servers", { purposes: [SERVER_AUTH] });
  assert.match(
    await refusalOf(await makeClient(servers, "jane"), [servers]),
    /CN=servers: it is not for client/,
  );
  const clients = await makeAuthority("clients", { purposes: [CLIENT_AUTH] });
  assert.ok((await verify(await makeClient(clients, "jane"), [clients])).verified);
});

Deno.test("only authorities sign: a client's certificate does not, and neither does one without the flags", async () => {
  const root = await makeAuthority("root");
  const issuers = await Promise.all([
    makeClient(root, "a client", [], { keyUsage: flags.keyCertSign }),
    makeAuthority("no signing", { issuer: root, keyUsage: flags.digitalSignature }),
    makeAuthority("no constraints", { issuer: root, withoutConstraints: true }),
  ]);
  for (const issuer of issuers) {
    const leaf = await makeClient(issuer, "system:admin", ["system:masters"]);
    assert.match(await refusalOf(leaf, [root], [issuer]), /may not sign certificates/);
    assert.match(
      await refusalOf(leaf, [issuer]),
      /may not sign certificates/,
      "not even where it is trusted",
    );
  }
  const unlimited = await makeAuthority("no key usage", { keyUsage: null });
  assert.ok((await verify(await makeClient(unlimited, "jane"), [unlimited])).verified);
});

Deno.test("certificates that are sent along lead to the authority, in any order", async () => {
  const root = await makeAuthority("root");
  const one = await makeAuthority("one", { issuer: root, untilMs: HOUR_MS / 4 });
  const two = await makeAuthority("two", { issuer: one });
  const leaf = await makeClient(two, "jane");
  for (const chain of [[two, one], [one, two], [one, leaf, two, root, one]]) {
    const verification = await verify(leaf, [root], chain);
    assert.ok(verification.verified);
    assert.ok(
      verification.notAfter - Date.now() < HOUR_MS / 4 + 60_000,
      "the chain ends with its first to end",
    );
  }
  assert.match(await refusalOf(leaf, [root], [two]), /no trusted authority signed it/);
  assert.match(await refusalOf(leaf, [root]), /no trusted authority signed it/);
  assert.ok((await verify(leaf, [two])).verified, "an authority in the middle can be trusted alone");
});

Deno.test("nothing that is sent along is trusted, an untrusted root of the same name included", async () => {
  const [root, impostor] = await Promise.all([makeAuthority("root"), makeAuthority("root")]);
  const middle = await makeAuthority("middle", { issuer: impostor });
  const leaf = await makeClient(middle, "front-proxy");
  assert.match(await refusalOf(leaf, [root], [middle, impostor]), /no trusted authority signed it/);
});

Deno.test("the length of a path is respected", async () => {
  const short = await makeAuthority("short", { pathLength: 0 });
  assert.ok((await verify(await makeClient(short, "jane"), [short])).verified);
  const below = await makeAuthority("below", { issuer: short });
  const leaf = await makeClient(below, "jane");
  assert.match(await refusalOf(leaf, [short], [below]), /allows for 0 certificates between/);
  const one = await makeAuthority("one", { pathLength: 1 });
  const middle = await makeAuthority("middle", { issuer: one });
  assert.ok((await verify(await makeClient(middle, "jane"), [one], [middle])).verified);
});

Deno.test("a chain that never ends, and one that is too long, are given up", async () => {
  const root = await makeAuthority("root");
  let last = root;
  const chain: Made[] = [];
  for (let depth = 0; depth < 8; depth++) {
    last = await makeAuthority(`a${depth}`, { issuer: last });
    chain.push(last);
  }
  assert.match(await refusalOf(await makeClient(last, "jane"), [root], chain), /chain is too long/);
  const ring = await makeAuthority("ring");
  const twins = await Promise.all([0, 1, 2].map(() => makeAuthority("ring", { issuer: ring })));
  assert.match(
    await refusalOf(await makeClient(ring, "jane"), [root], [ring, ...twins]),
    /no trusted authority/,
  );
});

Deno.test("how many signatures are checked for one certificate is bounded", async () => {
  const root = await makeAuthority("root");
  const ring = await makeAuthority("ring");
  // Different certificates of one name and one key: every one of them has signed every other.
  const copies = await Promise.all(
    Array.from({ length: 9 }, () => makeAuthority("ring", { issuer: ring, keys: ring.keys })),
  );
  const why = await refusalOf(await makeClient(ring, "jane"), [root], [ring, ...copies]);
  assert.match(why, /too many certificates/);
});

Deno.test("critical extensions that are not understood, name constraints and doubled ones are refused", async () => {
  const authority = await makeAuthority("ca");
  const extension = (type: string, critical: boolean) =>
    new x509.Extension(type, critical, new Uint8Array([0x05, 0x00]));
  const refused: [x509.Extension[], RegExp][] = [
    [[extension("1.2.3.4.5", true)], /critical extension 1\.2\.3\.4\.5/],
    [[extension("2.5.29.30", false)], /name constraints/],
    [[extension("1.2.3.4.5", false), extension("1.2.3.4.5", false)], /extension twice/],
  ];
  for (const [extensions, expected] of refused) {
    const leaf = await makeClient(authority, "jane", [], { extensions });
    assert.match(await refusalOf(leaf, [authority]), expected);
    const limited = await makeAuthority("limited", { extensions });
    assert.match(
      await refusalOf(await makeClient(limited, "jane"), [limited]),
      expected,
      "in an authority, too",
    );
  }
  const harmless = await makeClient(authority, "jane", [], { extensions: [extension("1.2.3.4.5", false)] });
  assert.ok((await verify(harmless, [authority])).verified);
});

Deno.test("keys of all usual kinds are verified; SHA-1 is refused", async () => {
  const rsa = (hash: string): KeyAlgorithm => ({
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash,
  });
  const kinds: KeyAlgorithm[] = [
    rsa("SHA-256"),
    rsa("SHA-512"),
    P256,
    { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
    { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" },
    { name: "ECDSA", namedCurve: "P-384", hash: "SHA-256" },
    { name: "Ed25519" },
  ];
  const leaves = new Map<Made, Made>();
  for (const algorithm of kinds) {
    const authority = await makeAuthority("ca", { algorithm });
    const leaf = await makeClient(authority, "jane");
    leaves.set(authority, leaf);
    assert.ok((await verify(leaf, [authority])).verified, JSON.stringify(algorithm));
  }
  for (const [authority, leaf] of leaves) {
    const others = [...leaves.keys()].filter((other) => other !== authority);
    assert.match(await refusalOf(leaf, others), /no trusted authority/, "all have the same name");
  }
  const weak = await makeAuthority("weak", { algorithm: rsa("SHA-1") });
  const below = await makeAuthority("below", { issuer: weak });
  const leaf = await makeClient(below, "jane");
  assert.match(
    await refusalOf(await makeClient(weak, "jane"), [weak]),
    /signature algorithm is not accepted/,
  );
  assert.match(await refusalOf(leaf, [weak], [below]), /CN=below: its signature algorithm is not accepted/);
  assert.ok((await verify(leaf, [below])).verified, "how a trusted authority was signed does not matter");
});

Deno.test("a holder with several names, or several UIDs, has none", async () => {
  const authority = await makeAuthority("ca");
  const named = async (name: x509.JsonName) => {
    const verification = await verify(await makeCertificate({ issuer: authority, name }), [authority]);
    assert.ok(verification.verified);
    return verification.holder;
  };
  assert.equal((await named([{ CN: ["jane"] }, { CN: ["admin"] }])).commonName, undefined);
  assert.equal((await named([{ CN: ["jane", "admin"] }])).commonName, undefined);
  assert.equal((await named([{ O: ["dev"] }])).commonName, undefined);
  const uid = "1.3.6.1.4.1.57683.2";
  const twice = await named([{ CN: ["jane"] }, { [uid]: ["1"] }, { [uid]: ["2"] }]);
  assert.deepEqual([twice.commonName, twice.uid], ["jane", undefined]);
});

Deno.test("bytes that are no certificate are refused, and never a reason to fail", async () => {
  const authority = await makeAuthority("ca");
  const leaf = await makeClient(authority, "jane");
  const bundle = bundleOf(authority);
  const texts = [
    "",
    "0",
    leaf.pem,
    btoa(String.fromCharCode(...leaf.der)),
    leaf.der.toHex(),
    "\x30\x80\x00\x00",
  ];
  const broken = [
    ...texts.map((text) => new TextEncoder().encode(text)),
    leaf.der.subarray(1),
    leaf.der.subarray(0, -1),
    Uint8Array.of(...leaf.der, 0),
    Uint8Array.of(0x30, 0x02, 0x05, 0x00),
    Uint8Array.of(0x30, 0x85, 1, 0, 0, 0, 0),
    new Uint8Array(70_000).fill(0x30),
  ];
  for (const der of broken) {
    const verification = await verifyClientCertificate({ leaf: der, chain: [] }, bundle, Date.now());
    assert.ok(!verification.verified && /cannot be read/.test(verification.why), String(der.length));
  }
  const beside = await verifyClientCertificate({ leaf: leaf.der, chain: broken }, bundle, Date.now());
  assert.ok(beside.verified, "junk beside a good leaf does not matter");
});

Deno.test("a bundle may have text around its certificates, and must have at least one that can be read", async () => {
  const [one, two] = await Promise.all([makeAuthority("one"), makeAuthority("two")]);
  const pem = `# first\n${one.pem.replaceAll("\n", "\r\n")}\nsubject: two\n${two.pem}\n\n`;
  const bundle = parseCaBundle(pem);
  assert.deepEqual(bundle.authorities.map(({ subjectText }) => subjectText), ["CN=one", "CN=two"]);
  assert.ok((await verifyClientCertificate(peerOf(await makeClient(two, "x")), bundle, Date.now())).verified);
  const block = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
  assert.throws(() => parseCaBundle(""), { name: "CertificateError", message: /no PEM certificate/ });
  assert.throws(() => parseCaBundle(one.keyPem), CertificateError);
  assert.throws(() => parseCaBundle(one.pem + block("MAA=")), /certificate 2 of 2 cannot be read/);
  assert.throws(() => parseCaBundle(block("MAMCAQE=")), /certificate 1 of 1 .* well-formed/);
  assert.throws(() => parseCaBundle(block("!")), /not base64/);
  assert.equal(pemToDer(pem).length, 2);
});

Deno.test("no change of a certificate's bytes makes another holder of it", async () => {
  const authority = await makeAuthority("ca");
  const bundle = bundleOf(authority);
  const leaf = await makeClient(authority, "jane", ["dev"]);
  const seed = Date.now();
  const random = seededRandom(seed);
  let refused = 0;
  for (let round = 0; round < 400; round++) {
    const der = Uint8Array.from(leaf.der);
    const changes = 1 + below(random, 3);
    for (let change = 0; change < changes; change++) {
      const at = below(random, der.length);
      der[at] = der[at]! ^ (1 << below(random, 8));
    }
    const verification = await verifyClientCertificate({ leaf: der, chain: [] }, bundle, Date.now());
    if (!verification.verified) {
      refused++;
      continue;
    }
    // A few bytes beside the signed part have more than one reading.
    const { commonName, organizations, uid } = verification.holder;
    assert.deepEqual(
      [commonName, organizations, uid],
      ["jane", ["dev"], undefined],
      `seed ${seed}, ${round}`,
    );
  }
  assert.ok(refused > 300, `only ${refused} changes were noticed (seed ${seed})`);
});

Deno.test("a verifier remembers an answer for a connection and a bundle while it cannot change", async () => {
  const authority = await makeAuthority("ca");
  const [bundle, again] = [bundleOf(authority), bundleOf(authority)];
  const leaf = await makeClient(authority, "jane", [], { untilMs: 60_000 });
  let now = Date.now();
  const verifier = createVerifier(() => now);
  const peer = peerOf(leaf);
  const first = await verifier(peer, bundle);
  assert.ok(first.verified);
  assert.equal(verifier(peer, bundle), first, "not a promise, and not a new answer");
  assert.notEqual(verifier(peer, again), first, "another bundle is another question");
  assert.equal(verifier(peerOf(leaf), bundle), first, "another connection shows the same certificates");
  now += 62_000;
  const later = await verifier(peer, bundle);
  assert.ok(!later.verified && /expired/.test(later.why), "a connection does not outlive its certificate");
});

Deno.test("a refusal is looked at again after a while, as time may make it good", async () => {
  const authority = await makeAuthority("ca");
  const bundle = bundleOf(authority);
  const leaf = await makeClient(authority, "jane", [], { fromMs: 60_000 });
  let now = Date.now();
  const verifier = createVerifier(() => now, 10_000);
  const peer = peerOf(leaf);
  const first = await verifier(peer, bundle);
  assert.equal(first.verified, false);
  now += 9_000;
  assert.equal(verifier(peer, bundle), first);
  now += 60_000;
  assert.ok((await verifier(peer, bundle)).verified);
});

Deno.test("what another connection showed counts for the very same certificates alone", async () => {
  const authority = await makeAuthority("ca");
  const other = await makeAuthority("other");
  const bundle = bundleOf(authority);
  const leaf = await makeClient(authority, "jane", [], { untilMs: 60_000 });
  let now = Date.now();
  const verifier = createVerifier(() => now);
  const first = await verifier(peerOf(leaf), bundle);
  assert.ok(first.verified);
  for (const peer of [peerOf(leaf, [other]), peerOf(await makeClient(authority, "jane"))]) {
    const answer = verifier(peer, bundle);
    assert.ok(answer instanceof Promise, "verified by itself");
    assert.ok((await answer).verified);
  }
  assert.ok(!(await verifier(peerOf(await makeClient(other, "jane")), bundle)).verified);
  now += 62_000;
  const later = await verifier(peerOf(leaf), bundle);
  assert.ok(!later.verified, "no acceptance outlives its certificate");
});

Deno.test("a refusal counts for its own connection alone", async () => {
  const authority = await makeAuthority("ca");
  const leaf = await makeClient(await makeAuthority("other"), "jane");
  const bundle = bundleOf(authority);
  const verifier = createVerifier(() => Date.now());
  const first = await verifier(peerOf(leaf), bundle);
  const answer = verifier(peerOf(leaf), bundle);
  assert.ok(answer instanceof Promise);
  assert.notEqual(await answer, first);
});

Deno.test("acceptances are remembered for a number of certificates", async () => {
  const authority = await makeAuthority("ca");
  const bundle = bundleOf(authority);
  const verifier = createVerifier(() => Date.now(), 10_000, 2);
  const leaves = await Promise.all(["a", "b", "c"].map((name) => makeClient(authority, name)));
  for (const leaf of leaves) await verifier(peerOf(leaf), bundle);
  const isRemembered = leaves.map((leaf) => !(verifier(peerOf(leaf), bundle) instanceof Promise));
  assert.deepEqual(isRemembered, [false, true, true], "the oldest has gone");
});

Deno.test("requests that come at once share one verification", async () => {
  const authority = await makeAuthority("ca");
  const bundle = bundleOf(authority);
  const verifier = createVerifier(() => Date.now());
  const peer = peerOf(await makeClient(authority, "jane"));
  const answers = await Promise.all([verifier(peer, bundle), verifier(peer, bundle), verifier(peer, bundle)]);
  assert.ok(answers.every((answer) => answer === answers[0] && answer.verified));
});
