/** What each way of proving who one is accepts, with real certificates: an auditor's list, held against the code. */
import assert from "node:assert/strict";
import { KubeConnectionError } from "../kube/errors.ts";
import { below, pick, seededRandom } from "../telemetry/testing/random.ts";
import { type Authentication, createAuthenticator } from "./authenticate.ts";
import { parseCaBundle, type PeerCertificates } from "./certificates.ts";
import {
  type CertificatePlan,
  type Made,
  makeAuthority,
  makeClient,
  SERVER_AUTH,
} from "./testing/certificates.ts";
import { CertificateClock } from "./testing/reviews.ts";
import type { KubeUser } from "./user.ts";
import { x509 } from "./x509.ts";

/** A certificate with its chain, and what an auditor knows of it. */
interface Exhibit {
  made: Made;
  chain: Made[];
  /** Authorities that it leads to, if it is sound. */
  leadsTo: "client" | "proxy" | "stranger";
  /** Nothing is wrong with it: its times, its purpose, its kind. */
  sound: boolean;
  /** Its one name; undefined where it has none or several. */
  name: string | undefined;
  organizations: string[];
}

const roots = {
  client: await makeAuthority("kubernetes"),
  proxy: await makeAuthority("front-proxy-ca"),
  // A namesake: names of authorities prove nothing.
  stranger: await makeAuthority("front-proxy-ca"),
};
type Root = keyof typeof roots;

/** What a plan may be, and whether a certificate of that plan is any good. */
const plans: { plan: CertificatePlan; sound: boolean }[] = [
  { plan: {}, sound: true },
  { plan: { purposes: null }, sound: true },
  { plan: { purposes: [SERVER_AUTH] }, sound: false },
  { plan: { untilMs: -60_000 }, sound: false },
  { plan: { fromMs: 60_000 }, sound: false },
  { plan: { authority: true }, sound: false },
  { plan: { extensions: [new x509.Extension("1.2.3.4", true, new Uint8Array([5, 0]))] }, sound: false },
];

async function exhibits(): Promise<Exhibit[]> {
  const made: Exhibit[] = [];
  for (const leadsTo of Object.keys(roots) as Root[]) {
    const root = roots[leadsTo];
    const middle = await makeAuthority(`${leadsTo}-middle`, { issuer: root });
    const add = async (
      issuer: Made,
      names: string[],
      organizations: string[],
      { plan, sound }: { plan: CertificatePlan; sound: boolean },
      chain: Made[] = [],
    ) => {
      const name = [...organizations.map((O) => ({ O: [O] })), ...names.map((CN) => ({ CN: [CN] }))];
      const one = await makeClient(issuer, "", [], { ...plan, name });
      made.push({
        made: one,
        chain,
        leadsTo,
        sound,
        organizations,
        name: names.length === 1 ? names[0] : undefined,
      });
    };
    for (const plan of plans) await add(root, ["front-proxy"], [], plan);
    const good = plans[0]!;
    await add(root, ["jane"], ["dev", "system:masters"], good);
    await add(root, [], ["dev"], good);
    await add(root, ["front-proxy", "jane"], [], good);
    await add(middle, ["front-proxy"], [], good, [middle]);
    await add(middle, ["jane"], [], good, [roots.proxy, roots.client, middle]);
    await add(middle, ["front-proxy"], [], { ...good, sound: false });
  }
  return made;
}

const HEADERS: [string, string][] = [
  ["X-Remote-User", "alice"],
  ["x-remote-user", "system:admin"],
  ["X-Remote-User", ""],
  ["X-Remote-Group", "dev"],
  ["X-Remote-Group", "system:masters"],
  ["X-Remote-Extra-Scopes", "all"],
  ["X-Remote-User-", "mallory"],
  ["X-Remote_User", "mallory"],
  ["Impersonate-User", "mallory"],
];
const TOKENS = [undefined, undefined, "good", "bad", "down"] as const;
const CAROL: KubeUser = { name: "carol", groups: [], extra: {} };

/** What must come out, from what is known of everything that went in. */
function verdict(
  exhibit: Exhibit | undefined,
  authorized: boolean,
  headers: readonly [string, string][],
  token: (typeof TOKENS)[number],
  allowedNames: readonly string[],
): string {
  if (headers.some(([name]) => name === "Impersonate-User")) return "403";
  let failed = false;
  if (exhibit !== undefined) {
    const { leadsTo, sound, name, organizations } = exhibit;
    const speaks = leadsTo === "proxy" && sound && authorized &&
      (allowedNames.length === 0 || (name !== undefined && allowedNames.includes(name)));
    const told = headers.find(([header]) => header.toLowerCase() === "x-remote-user")?.[1] ?? "";
    if (speaks && told !== "") {
      const groups = headers.filter(([header]) => header === "X-Remote-Group").map(([, value]) => value);
      return `requestheader ${told} ${[...groups, "system:authenticated"].join(" ")}`;
    }
    if (leadsTo === "client" && sound && authorized && name !== undefined) {
      return `x509 ${name} ${[...organizations, "system:authenticated"].join(" ")}`;
    }
    // No certificate leads to both authorities: one that is good for one is a failure for the other.
    failed = true;
  }
  if (token === "good") return "token carol system:authenticated";
  if (token === "down") return "503";
  return failed || token === "bad" ? "401" : "anonymous";
}

function textOf(answer: Authentication): string {
  if (answer.kind === "refused") return String(answer.refusal.code);
  if (answer.kind === "anonymous") return "anonymous";
  return [answer.method, answer.user.name, ...answer.user.groups].join(" ");
}

Deno.test("every mixture of certificate, headers and token proves what it proves, and nothing more", async () => {
  const all = await exhibits();
  const seed = Date.now();
  const random = seededRandom(seed);
  const peers = new Map<string, PeerCertificates>();
  const seen = new Map<string, number>();
  for (const allowedNames of [["front-proxy"], [], ["nobody"]]) {
    const authenticate = createAuthenticator({
      clock: new CertificateClock(),
      config: {
        hasSynced: true,
        current: {
          clientCa: parseCaBundle(roots.client.pem),
          requestHeader: {
            ca: parseCaBundle(roots.proxy.pem),
            allowedNames,
            usernameHeaders: ["x-remote-user"],
            uidHeaders: [],
            groupHeaders: ["x-remote-group"],
            extraHeaderPrefixes: ["x-remote-extra-"],
          },
        },
      },
      reviewToken: (token) => {
        if (token !== "down") return Promise.resolve(token === "good" ? CAROL : undefined);
        return Promise.reject(new KubeConnectionError("down", { method: "POST", path: "/" }));
      },
    });
    for (let round = 0; round < 1_500; round++) {
      const index = below(random, all.length + 3);
      const exhibit = all[index];
      const authorized = random() < 0.8;
      const key = `${index} ${authorized} ${below(random, 3)}`;
      const peer = exhibit && (peers.get(key) ?? {
        leaf: exhibit.made.der,
        chain: exhibit.chain.map(({ der }) => der),
        authorized,
      });
      if (peer !== undefined) peers.set(key, peer);
      const headers = Array.from({ length: below(random, 5) }, () => pick(random, HEADERS));
      const token = pick(random, TOKENS);
      const rawHeaders = [
        ...headers.flat(),
        ...(token === undefined ? [] : ["Authorization", `Bearer ${token}`]),
      ];
      const answer = textOf(await authenticate({ peer, rawHeaders }));
      const expected = verdict(exhibit, authorized, headers, token, allowedNames);
      const about = {
        seed,
        round,
        index,
        leadsTo: exhibit?.leadsTo,
        authorized,
        headers,
        token,
        allowedNames,
      };
      assert.equal(answer, expected, JSON.stringify(about));
      const kind = answer.split(" ", 1)[0]!;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
  }
  for (const kind of ["requestheader", "x509", "token", "anonymous", "401", "403", "503"]) {
    assert.ok(
      (seen.get(kind) ?? 0) > 20,
      `${kind} was hardly seen (seed ${seed}): ${JSON.stringify([...seen])}`,
    );
  }
});
