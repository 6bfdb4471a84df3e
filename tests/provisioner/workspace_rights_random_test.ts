/** Control planes, provisioners and consents at random: provisioners never may more than their control planes. */
import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import type { PolicyRule } from "../../src/api/kubernetes/types.ts";
import { RbacWorld } from "../../src/controlplane/rbac/workspace_testing.ts";
import { workspaceRbacStep } from "../../src/controlplane/rbac/workspace_rbac_step.ts";
import { storedControlPlane } from "../../src/controlplane/testing.ts";
import { USED_FROM } from "../../src/operator/visit/control_plane_ref.ts";
import { rbacOwner } from "../../src/provisioner/rbac.ts";
import { heldProvisioner, rbacPass } from "../../src/provisioner/rbac_testing.ts";
import { allows, everyRequest, randomRule, seeded } from "../../src/workload/testing/rbac_rules.ts";
import { standardRules } from "../../src/workload/workspace_rbac.ts";
import { ruleRefusal } from "../../src/workload/workspace_rbac_guard.ts";

type Rbac = NonNullable<NonNullable<CoderControlPlane["spec"]>["rbac"]>;

const CONSENT = "coder.com/workspaces-from";
const NAMESPACES = ["a", "p", "w", "x"];
const REQUESTS = everyRequest();

/** What there is, as far as the product is told. */
interface Facts {
  /** Undefined: there is no control plane. */
  plane: { rbac: Rbac; usedFrom: string } | undefined;
  consents: Map<string, { label: string | undefined; list: string[] | undefined }>;
  allowed: string[];
}

class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    // Its first numbers are near each other for seeds that are.
    this.#random = seeded(Math.imul(seed, 2_654_435_761));
  }

  may(chance: number): boolean {
    return this.#random() < chance;
  }
  one<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random() * of.length)]!;
  }
  some<T>(of: readonly T[], chance = 0.5): T[] {
    return of.filter(() => this.may(chance));
  }
  rules(most: number): PolicyRule[] {
    return Array.from({ length: Math.floor(this.#random() * most) }, () => randomRule(this.#random));
  }
  plane(): Facts["plane"] {
    if (this.may(0.1)) return undefined;
    return {
      rbac: {
        workspacePerms: this.may(0.9),
        enableDeployments: this.may(0.7),
        extraRules: this.rules(3),
        workspaceNamespaces: this.some(["a", "p", "w", "x", " w "]),
      },
      usedFrom: this.some(["p", "p/prov", "q", "*"], 0.4).join(", "),
    };
  }
  consents(): Facts["consents"] {
    return new Map(NAMESPACES.map((namespace) => [namespace, {
      label: this.may(0.5) ? this.one(["a", "p", "q"]) : undefined,
      list: this.may(0.6)
        ? this.some(["a", "p", "a/coder", "p/prov", "a/prov", "p/coder", "*"], 0.25)
        : undefined,
    }]));
  }
}

/** Brings the world to `facts`, and the control plane's rights with it. */
async function settle(world: RbacWorld, { plane, consents, allowed }: Facts): Promise<void> {
  for (const [name, { label, list }] of consents) {
    world.open(name, {
      labels: label === undefined ? {} : { [CONSENT]: label },
      ...(list !== undefined && { annotations: { [CONSENT]: list.join(",") } }),
    });
  }
  world.allowed = allowed;
  if (plane === undefined) return world.controlPlanes.remove(storedControlPlane());
  await world.run(workspaceRbacStep, { rbac: plane.rbac });
  const annotations = { [USED_FROM]: plane.usedFrom };
  world.controlPlanes.put(storedControlPlane({ rbac: plane.rbac }, { annotations }));
}

/** Whether a namespace agrees, as the documentation has it. */
function agrees(
  { consents, allowed }: Facts,
  place: string,
  asker: { namespace: string; name: string },
): boolean {
  const { label, list = [] } = consents.get(place) ?? { label: undefined };
  const names = ["*", asker.namespace, `${asker.namespace}/${asker.name}`];
  return label === asker.namespace || list.some((each) => names.includes(each)) || allowed.includes(place);
}

/** Whether all agree whom the documentation names. */
function isLetIn(facts: Facts, place: string, home: string): boolean {
  const { rbac: { workspaceNamespaces = [], workspacePerms } = {}, usedFrom = "" } = facts.plane ?? {};
  const named = place === "a" || workspaceNamespaces.some((each) => each.trim() === place);
  if (workspacePerms !== true) return home === "a" && place === "a";
  if (!named) return false;
  const planeMay = place === "a" || agrees(facts, place, { namespace: "a", name: "coder" });
  if (home === "a") return planeMay;
  const shared = usedFrom.split(", ").some((each) => ["*", home, `${home}/prov`].includes(each));
  const provisionerMay = place === home || agrees(facts, place, { namespace: home, name: "prov" });
  return planeMay && shared && provisionerMay;
}

Deno.test("a provisioner never may more than its control plane, and nothing where somebody did not agree", async () => {
  const granted = { a: 0, p: 0 };
  const refused = { a: 0, p: 0 };
  for (let seed = 1; seed <= 50; seed++) {
    const dice = new Dice(seed);
    const world = new RbacWorld();
    world.held = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
    const home = dice.one(["a", "p"] as const);
    const accounts = ["prov-provisioner", "builds"];
    const named = (name: string) => heldProvisioner({ serviceAccount: { name } }, home);
    // What earlier operators, and people with rights of their own, have left.
    for (const namespace of dice.some(NAMESPACES, 0.3)) world.grant(namespace, dice.rules(4));
    for (const namespace of dice.some(NAMESPACES, 0.3)) {
      world.grantTo(rbacOwner(named(dice.one(accounts))), namespace, dice.rules(4));
    }
    let facts: Facts = {
      plane: dice.plane(),
      consents: dice.consents(),
      allowed: dice.some(["w", "x", "a"], 0.2),
    };
    for (let turn = 0; turn < 4; turn++) {
      const object = named(dice.one(accounts));
      await settle(world, facts);
      const rights = () =>
        new Map(NAMESPACES.map((place) => [
          place,
          accounts.flatMap((name) => world.rulesOf(rbacOwner(named(name)), place) ?? []),
        ]));
      const before = rights();
      const { lookAgainMs, condition } = await rbacPass(world, object, {
        unused: { accounts: [], secrets: [] },
      });
      assert.notEqual(lookAgainMs, 1_000, "there is no race here");
      const now = rights();
      for (const place of NAMESPACES) {
        const rules = now.get(place) ?? [];
        const text = () => JSON.stringify({ seed, turn, home, place, condition, facts, rules });
        if (facts.plane === undefined) {
          for (const request of REQUESTS) {
            assert.equal(allows(rules, request), allows(before.get(place) ?? [], request), text());
          }
          continue;
        }
        if (!isLetIn(facts, place, home)) {
          assert.deepEqual(rules, [], text());
          refused[home]++;
          continue;
        }
        const { enableDeployments = true, extraRules = [], workspacePerms } = facts.plane.rbac;
        // Where the control plane shall not run workspaces, its neighbours have what the Go operator gave them.
        const wanted = workspacePerms === false ? standardRules(false) : [
          ...standardRules(enableDeployments),
          ...extraRules.filter((rule) => ruleRefusal(rule) === undefined),
        ];
        const planes = workspacePerms === false ? standardRules(false) : world.rules(place) ?? [];
        for (const request of REQUESTS) {
          const may = allows(rules, request);
          if (may) assert.ok(allows(planes, request), `more than the control plane: ${text()}`);
          assert.equal(may, allows(wanted, request), text());
        }
        granted[home]++;
      }
      facts = {
        plane: dice.may(0.5) ? dice.plane() : facts.plane,
        consents: dice.may(0.5) ? dice.consents() : facts.consents,
        allowed: dice.may(0.2) ? dice.some(["w", "x", "a"], 0.2) : facts.allowed,
      };
    }
  }
  // The dice have shown everything.
  for (const home of ["a", "p"] as const) {
    assert.ok(granted[home] > 15 && refused[home] > 50, JSON.stringify({ home, granted, refused }));
  }
});
