/** Facts with some of them unread, and with some of another shape than they should have, for tests. */
import type { FactName, Facts } from "../../facts.ts";
import { absent, seen, unread } from "./testing.ts";

/** Numbers in [0, 1), always the same for one seed. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function names(facts: Facts): FactName[] {
  return Object.keys(facts).filter((name): name is FactName => name !== "subject" && name !== "now");
}

/** Each fact is left as it is, unread for some reason, absent, or never looked for; Coder answers, or may not be asked. */
export function withUnread(facts: Facts, random: () => number): Facts {
  const kinds = [
    unread(),
    unread("no answer in time", "timeout"),
    unread("away", "unreachable"),
    undefined,
    absent,
  ];
  const changed = names(facts).flatMap((name) => {
    const roll = random();
    const kind = kinds[Math.floor((roll - 0.5) * 2 * kinds.length)];
    // That Coder does not answer is a finding of its own.
    return roll < 0.5 || (isAboutCoder(name) && kind?.state === "unread") ? [] : [[name, kind] as const];
  });
  return { ...facts, ...Object.fromEntries(changed) };
}

const ODD: readonly unknown[] = [
  null,
  undefined,
  0,
  -1,
  "",
  "x",
  "2026-13-45T99:99:99Z",
  true,
  [],
  [null],
  {},
  { a: 1 },
];

/** Objects of the cluster; all other facts are of our own making. */
const FOREIGN: readonly FactName[] = [
  "apiService",
  "controlPlane",
  "deployment",
  "events",
  "ingress",
  "operatorLease",
  "pods",
  "proxy",
  "service",
];

/** Parts of each object of the cluster are replaced by what nobody expects there. */
export function withOddParts(facts: Facts, random: () => number): Facts {
  const changed = names(facts).map((name) => {
    const fact = facts[name];
    return [
      name,
      fact?.state === "seen" && FOREIGN.includes(name) ? seen(oddlyInside(fact.value, random)) : fact,
    ] as const;
  });
  return { ...facts, ...Object.fromEntries(changed) };
}

function isAboutCoder(name: FactName): boolean {
  return name === "coderAlive" || name === "coderProxies";
}

/** What the API server lists is a list; what is in it may be anything. */
function oddlyInside(value: unknown, random: () => number): unknown {
  return Array.isArray(value) ? value.map((one) => oddly(one, random)) : oddly(value, random);
}

function oddly(value: unknown, random: () => number): unknown {
  if (random() < 0.04) return ODD[Math.floor(random() * ODD.length)];
  if (Array.isArray(value)) return value.map((one) => oddly(one, random));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, oddly(one, random)]));
}
