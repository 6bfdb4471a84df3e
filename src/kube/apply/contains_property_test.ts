import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { contains, differences } from "./contains.ts";
import { canonicalJson } from "./canonical_json.ts";

/** Mulberry32: the same objects in every run; a failure names its seed. */
class Random {
  constructor(private state: number) {}
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  int(below: number): number {
    return Math.floor(this.next() * below);
  }
  chance(probability: number): boolean {
    return this.next() < probability;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T;
  }
  some<T>(make: (index: number) => T, most: number): T[] {
    return Array.from({ length: this.int(most + 1) }, (_, index) => make(index));
  }
}

type Fields = Record<string, unknown>;

function randomDeployment(random: Random): KubeObject {
  const container = (index: number): Fields => ({
    name: `c${index}`,
    image: `image:${random.int(100) + 1}`,
    args: random.some((i) => `--flag-${i}=${random.int(10)}`, 3),
    env: random.some((i) => ({ name: `E${i}`, value: `v${random.int(1000)}` }), 5),
    ports: random.some(
      (i) => ({ containerPort: 8000 + i, ...(random.chance(0.5) ? { protocol: "TCP" } : {}) }),
      3,
    ),
    resources: {
      limits: { cpu: random.pick(["1", "500m", "2.5"]), memory: random.pick(["1Gi", "512Mi", "100M"]) },
    },
    ...(random.chance(0.5) ? { securityContext: { runAsNonRoot: random.chance(0.5) } } : {}),
  });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d", labels: Object.fromEntries(random.some((i) => [`l${i}`, `${random.int(5)}`], 4)) },
    spec: {
      ...(random.chance(0.5) ? { replicas: random.int(4) } : {}),
      selector: { matchLabels: { a: `${random.int(3)}` } },
      template: {
        spec: {
          containers: [container(0), ...random.some((i) => container(i + 1), 2)],
          tolerations: random.some((i) => ({ key: `k${i}`, operator: "Exists" }), 3),
        },
      },
    },
  } as KubeObject;
}

/** As the API server may store it: zero values gone, defaults and foreign fields in, quantities rewritten. */
function stored(value: unknown, random: Random, name = ""): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => stored(item, random));
    const keyed = ["env", "ports", "containers"].includes(name);
    if (keyed && random.chance(0.3)) {
      items.splice(random.int(items.length + 1), 0, { name: "foreign", containerPort: 1 });
    }
    return items;
  }
  if (typeof value !== "object" || value === null) return canonicalQuantity(value, name);
  const result: Fields = {};
  for (const [key, field] of Object.entries(value)) result[key] = stored(field, random, key);
  const open = !["matchLabels", "selector"].includes(name) && !("operator" in value);
  if (open && random.chance(0.3)) result["foreign"] = random.int(10);
  if ("containerPort" in value) result["protocol"] ??= "TCP";
  return result;
}

function canonicalQuantity(value: unknown, name: string): unknown {
  if (name === "cpu" && value === "2.5") return "2500m";
  return name === "memory" && value === "1Gi" ? "1073741824" : value;
}

/** Every place that holds a value of ours that is not empty. */
function leaves(value: unknown, at: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return value === false || value === 0 ? [] : [at];
  return Object.entries(value).flatMap(([key, field]) =>
    leaves(field, [...at, Array.isArray(value) ? Number(key) : key])
  );
}

function parentOf(object: unknown, path: readonly (string | number)[]): Fields {
  return path.slice(0, -1).reduce((at, step) => (at as Fields)[step], object) as Fields;
}

const seeds = Array.from({ length: 300 }, (_, index) => index + 1);

Deno.test("every object contains itself", () => {
  for (const seed of seeds) {
    const desired = randomDeployment(new Random(seed));
    assert.deepEqual(differences(structuredClone(desired), desired), [], `seed ${seed}`);
  }
});

Deno.test("what the API server makes of an object still contains it", () => {
  for (const seed of seeds) {
    const random = new Random(seed);
    const desired = randomDeployment(random);
    assert.deepEqual(differences(stored(desired, random) as KubeObject, desired), [], `seed ${seed}`);
  }
});

Deno.test("changing or removing any one value that was asked for is noticed", () => {
  for (const seed of seeds) {
    const random = new Random(seed);
    const desired = randomDeployment(random);
    for (const path of leaves(desired)) {
      if (path.length < 2) continue; // apiVersion and kind are taken for granted.
      const live = structuredClone(desired);
      const last = path.at(-1) as string;
      const parent = parentOf(live, path);
      // A port without protocol is the TCP port: taking it away changes nothing.
      const change = last === "protocol" || random.chance(0.5);
      if (change) parent[last] = typeof parent[last] === "number" ? 4711 : "changed";
      else if (Array.isArray(parent)) parent.splice(Number(last), 1);
      else delete parent[last];
      assert.equal(contains(live, desired), false, `seed ${seed}: ${path.join(".")}`);
    }
  }
});

Deno.test("comparing changes neither side", () => {
  for (const seed of seeds.slice(0, 50)) {
    const random = new Random(seed);
    const desired = randomDeployment(random);
    const live = randomDeployment(random);
    const before = canonicalJson([desired, live]);
    differences(live, desired);
    assert.equal(canonicalJson([desired, live]), before, `seed ${seed}`);
  }
});

Deno.test("containing is transitive: a part of a part is a part", () => {
  for (const seed of seeds) {
    const random = new Random(seed);
    const small = randomDeployment(random);
    const middle = stored(small, random) as KubeObject;
    const large = stored(middle, random) as KubeObject;
    if (contains(large, middle)) assert.equal(contains(large, small), true, `seed ${seed}`);
    assert.equal(contains(middle, small), true, `seed ${seed}`);
  }
});
