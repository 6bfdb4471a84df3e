/**
 * Random lives of one workspace: many create it at once at two replicas, not to run, and many delete it, while answers are
 * lost and replicas die. There is one workspace, started and stopped once, and one build that deletes it.
 */
import { SENT_MS } from "../../src/actions/mod.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { isActive } from "../fake-coder/life.ts";
import { ActionRig } from "./rig.ts";

type Row = Record<string, unknown>;

/** What must not happen and did, in one life. */
export async function wrongInLife(seed: number): Promise<string[]> {
  const random = seededRandom(seed);
  const rig = new ActionRig();
  const wrong: string[] = [];
  const queue: { replica: number; go: () => void }[] = [];
  const dead = new Set<number>();
  let current = 0;
  let next = 2;
  let isFaulty = true;
  let begunAt = 0;
  let seen = 0;
  rig.pause = () =>
    new Promise((go) => {
      const replica = current;
      // Nothing that the dead ask for is ever answered.
      if (!dead.has(replica)) queue.push({ replica, go });
    });
  rig.fault = (method) =>
    isFaulty && method === "POST" && below(random, 4) === 0
      ? pick(random, ["refused", "dropped", "lost", "lost"] as const)
      : undefined;
  const replicas = [0, 1].map((number) => ({ number, ...rig.replica() }));
  const latest = () => rig.state.workspaces[0]?.["latest_build"] as Row | undefined;

  /** Begins something at a replica. */
  async function begin(replica: { number: number }, run: () => Promise<unknown>): Promise<void> {
    current = replica.number;
    run().catch(() => {});
    // Until it waits for its first turn.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Asks, and lets everything happen until there is an answer and nothing is left to do. */
  async function ask(run: (replica: typeof replicas[number]) => Promise<unknown>): Promise<void> {
    let isOver = false;
    await begin(replicas[0]!, () => run(replicas[0]!).finally(() => isOver = true));
    for (let turns = 0; !isOver && turns < 1_000; turns++) await turn();
    await settle();
  }

  async function turn(): Promise<boolean> {
    rig.now += below(random, 40);
    const [one] = queue.splice(below(random, queue.length || 1), 1);
    if (one !== undefined) {
      current = one.replica;
      one.go();
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (rig.built.length !== seen) {
      seen = rig.built.length;
      begunAt = rig.now;
    }
    return one !== undefined;
  }

  function endBuild(): void {
    const build = latest();
    if (build === undefined || !isActive(build) || rig.now - begunAt < 500) return;
    rig.end(String(rig.state.workspaces[0]!["id"]));
    rig.copy.clear();
  }

  async function keep(): Promise<void> {
    const replica = pick(random, replicas);
    await begin(replica, () => replica.keeper.round(rig.signal));
  }

  function kill(): void {
    const index = below(random, replicas.length);
    const victim = replicas[index]!;
    dead.add(victim.number);
    for (let i = queue.length - 1; i >= 0; i--) if (queue[i]!.replica === victim.number) queue.splice(i, 1);
    replicas[index] = { number: next++, ...rig.replica() };
  }

  /** Six ask, with some trouble; then everything happens that is left to do. */
  async function crowd(asks: (replica: typeof replicas[number]) => Promise<unknown>): Promise<void> {
    isFaulty = true;
    for (let i = 0; i < 6; i++) {
      const replica = pick(random, replicas);
      await begin(replica, () => asks(replica));
      for (let turns = below(random, 25); turns > 0; turns--) {
        await turn();
        const what = below(random, 30);
        if (what === 0) kill();
        if (what === 1) await keep();
        if (what === 2) endBuild();
      }
    }
    await settle();
  }

  async function settle(): Promise<void> {
    isFaulty = false;
    for (let i = 0; i < 2_000; i++) {
      if (await turn()) continue;
      rig.now += below(random, 20) === 0 ? SENT_MS : 1_000;
      endBuild();
      const kept = await rig.store.list(rig.signal);
      if (kept.length === 0 && !(latest() !== undefined && isActive(latest()!))) return;
      await keep();
    }
    wrong.push("there is no end of it");
  }

  const create = (replica: typeof replicas[number]) =>
    replica.actions.create({
      name: "dev",
      owner: { id: rig.owner.id, name: "admin" },
      source: { templateId: rig.template.id },
      running: false,
    }, { by: "jane", signal: rig.signal });
  await crowd(create);
  for (let i = 0; i < 3 && rig.state.workspaces.length === 0; i++) {
    // All of them failed, and were told so; so may this one be, by one that is just failing.
    await ask(create);
  }
  const id = String(rig.state.workspaces[0]?.["id"]);
  if (rig.state.workspaces.length !== 1) wrong.push(`there are ${rig.state.workspaces.length} workspaces`);
  const made = rig.builds(id).join(" ");
  if (made !== "start stop") wrong.push(`it was built: ${made}`);

  const remove = (replica: typeof replicas[number]) =>
    replica.actions.remove(id, {}, { by: "john", signal: rig.signal });
  await crowd(remove);
  await ask(remove);
  const all = rig.builds(id).join(" ");
  if (all !== "start stop delete") wrong.push(`in the end it was built: ${all}`);
  if (rig.state.workspaces[0]?.["deleted"] !== true) wrong.push("it is still there");
  return [...wrong, ...rig.violations];
}
