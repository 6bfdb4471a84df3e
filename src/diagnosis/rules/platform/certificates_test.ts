import assert from "node:assert/strict";
import type { CertificateFacts } from "../../kubernetes_facts.ts";
import { certificateExpired } from "./certificate_expired.ts";
import { certificateExpiresSoon } from "./certificate_expires_soon.ts";
import { certificateKeyMismatch } from "./certificate_key_mismatch.ts";
import { certificateUnreadable } from "./certificate_unreadable.ts";
import { certificateWrongName } from "./certificate_wrong_name.ts";
import {
  ago,
  assertCareful,
  causes,
  certificate,
  controlPlane,
  factsOf,
  findings,
  secret,
  seen,
} from "./testing.ts";

const RULES = [
  certificateExpired,
  certificateExpiresSoon,
  certificateKeyMismatch,
  certificateUnreadable,
  certificateWrongName,
];
const DAY = 86_400;
const tlsSecret = (parts: Partial<CertificateFacts> | undefined, more: object = {}) =>
  secret({
    name: "coder-tls",
    usedBy: "spec.expose.ingress.tls.secretName",
    neededKeys: ["tls.crt", "tls.key"],
    keys: { "tls.crt": 900, "tls.key": 200 },
    certificate: parts === undefined ? undefined : certificate(parts),
    ...more,
  });
const exposed = controlPlane({
  spec: {
    expose: {
      ingress: {
        host: "coder.example.com",
        wildcardHost: "*.coder.example.com",
        tls: { secretName: "coder-tls", wildcardSecretName: "wild" },
      },
    },
  },
});
const withSecrets = (...secrets: readonly object[]) =>
  factsOf("controlplane", { controlPlane: seen(exposed), secrets: seen(secrets) });

Deno.test("a certificate that has ended, or has not begun, is named with its host and its time", () => {
  const over = withSecrets(tlsSecret({ notAfter: ago(60) }));
  const [found] = findings(certificateExpired, over);
  assert.equal(
    found?.cause,
    "The certificate for coder.example.com in Secret lab/coder-tls (spec.expose.ingress.tls.secretName) expired at " +
      "2026-11-22T07:59:00Z.",
  );
  assert.match(
    found?.evidence[0]?.quote ?? "",
    /^subject CN=coder\.example\.com; issuer CN=Lab CA; for coder\.example\.com; from/,
  );
  const early = withSecrets(tlsSecret({ notBefore: ago(-60) }));
  assert.match(causes(certificateExpired, early)[0] ?? "", /is not valid before 2026-11-22T08:01:00Z\.$/);
  assertCareful(certificateExpired, over, "secrets", "controlPlane");
});

Deno.test("a certificate that ends within a week is possible trouble; a short-lived one only at its end", () => {
  const soon = withSecrets(tlsSecret({ notAfter: ago(-3 * DAY) }));
  assert.match(
    causes(certificateExpiresSoon, soon)[0] ?? "",
    /expires at 2026-11-25T08:00:00Z, in 3 days, and has not/,
  );
  assert.equal(findings(certificateExpiresSoon, soon)[0]?.confidence, "possible");
  const shortLived = withSecrets(tlsSecret({ notBefore: ago(3_600), notAfter: ago(-12 * 3_600) }));
  assert.deepEqual(causes(certificateExpiresSoon, shortLived), []);
  const last = withSecrets(tlsSecret({ notBefore: ago(DAY), notAfter: ago(-3_600) }));
  assert.match(causes(certificateExpiresSoon, last)[0] ?? "", /in less than a day/);
  const over = withSecrets(tlsSecret({ notAfter: ago(1) }));
  assert.deepEqual(causes(certificateExpiresSoon, over), [], "another rule has it");
  assertCareful(certificateExpiresSoon, soon, "secrets");
});

Deno.test("a certificate for other hosts is named with those that it is for", () => {
  const wrong = withSecrets(tlsSecret({ names: ["old.example.com", "*.old.example.com"] }));
  assert.deepEqual(causes(certificateWrongName, wrong), [
    "The certificate in Secret lab/coder-tls (spec.expose.ingress.tls.secretName) does not cover coder.example.com: " +
    "it is for old.example.com, *.old.example.com.",
  ]);
  assert.match(
    causes(certificateWrongName, withSecrets(tlsSecret({ names: [] })))[0] ?? "",
    /for no host at all\.$/,
  );
  assert.deepEqual(causes(certificateWrongName, withSecrets(tlsSecret({ names: ["*.example.com"] }))), []);
  assertCareful(certificateWrongName, wrong, "secrets", "controlPlane");
});

Deno.test("the wildcard's certificate has to cover the wildcard", () => {
  const usedBy = "spec.expose.ingress.tls.wildcardSecretName";
  const wrong = withSecrets(tlsSecret({}, { name: "wild", usedBy }));
  assert.match(causes(certificateWrongName, wrong)[0] ?? "", /does not cover \*\.coder\.example\.com/);
  const right = withSecrets(tlsSecret({ names: ["*.coder.example.com"] }, { name: "wild", usedBy }));
  assert.deepEqual(causes(certificateWrongName, right), []);
});

Deno.test("of Coder's own certificates one has to cover the access URL that is given", () => {
  const spec = { extraEnv: [{ name: "CODER_ACCESS_URL", value: "https://coder.example.com:8443" }] };
  const own = (i: number, names: string[]) =>
    tlsSecret({ names }, { name: `tls-${i}`, usedBy: `spec.tls.secretNames[${i}]` });
  const facts = (...secrets: readonly object[]) =>
    factsOf("controlplane", { controlPlane: seen(controlPlane({ spec })), secrets: seen(secrets) });
  assert.deepEqual(
    causes(certificateWrongName, facts(own(0, ["a.test"]), own(1, ["coder.example.com"]))),
    [],
  );
  assert.equal(causes(certificateWrongName, facts(own(0, ["a.test"]))).length, 1);
  const unknown = factsOf("controlplane", { secrets: seen([own(0, ["a.test"])]) });
  assert.deepEqual(causes(certificateWrongName, unknown), [], "nobody says which host");
});

Deno.test("a key that is not the certificate's, and a certificate that is none, are named without their content", () => {
  const mismatch = withSecrets(tlsSecret({ matchesKey: false }));
  assert.deepEqual(causes(certificateKeyMismatch, mismatch), [
    "The key in Secret lab/coder-tls (spec.expose.ingress.tls.secretName) does not belong to the certificate there.",
  ]);
  assertCareful(certificateKeyMismatch, mismatch, "secrets");
  const broken = withSecrets(
    tlsSecret(undefined, { certificateProblem: "it holds no PEM certificate that can be read" }),
  );
  assert.deepEqual(causes(certificateUnreadable, broken), [
    "The certificate in Secret lab/coder-tls (spec.expose.ingress.tls.secretName) cannot be read: it holds no PEM " +
    "certificate that can be read.",
  ]);
  assertCareful(certificateUnreadable, broken, "secrets");
});

Deno.test("Secrets that are for something else are nobody's certificates", () => {
  const other = tlsSecret({ notAfter: ago(60), names: ["x"], matchesKey: false }, {
    usedBy: "volume webhook",
  });
  const gone = tlsSecret({ notAfter: ago(60) }, { isThere: false });
  assert.deepEqual(RULES.flatMap((rule) => causes(rule, withSecrets(other, gone))), []);
});
