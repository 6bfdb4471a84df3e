/** What happens in Coders and to control planes, at random. */
import { NAMINGS } from "../../src/api/control_plane_aggregation.ts";
import { below, pick } from "../../src/telemetry/testing/random.ts";
import { addTemplate, addWorkspace, beginBuild, endBuild, pickUpBuild } from "../fake-coder/mod.ts";
import type { Home, Row, World } from "./world.ts";

const MOST_WORKSPACES = 40;
const MOST_TEMPLATES = 8;
const NAMES = 60;
const TRANSITIONS = ["start", "stop", "stop", "delete"] as const;

/** Fills Coders with something to begin with. */
export function fill(world: World, random: () => number, count: number): void {
  for (const home of world.homes) {
    for (let index = 0; index < 3; index++) addTemplate(home.coder.state, `template-${index}`);
    for (let index = 0; index < count; index++) create(home, random);
  }
}

/**
 * Whether all replicas have seen all names of the namespace of a control plane or, by its id, a workspace or template as
 * it is. What comes and goes between two looks of a replica, a name or a state, it never knows of, and cannot tell who
 * heard of it elsewhere that it is gone.
 */
export type Seen = (home: Home, id?: string) => boolean;

/** Something happens in a Coder, by somebody. Returns what. */
export function happen(home: Home, random: () => number, isSeen: Seen): string {
  const { state } = home.coder;
  const live = state.workspaces.filter((row) => row["deleted"] !== true);
  if (live.length === 0) return create(home, random);
  const workspace = pick(random, live);
  switch (below(random, 12)) {
    case 0:
    case 1:
    case 2:
      return live.length < MOST_WORKSPACES ? create(home, random) : begin(home, workspace, "delete");
    case 3:
    case 4:
      return begin(home, workspace, pick(random, TRANSITIONS));
    case 5:
    case 6:
    case 7:
      return proceed(home, live, random, isSeen);
    case 8:
      workspace["ttl_ms"] = never(state) * 60_000;
      return "ttl";
    case 9:
      if (!isSeen(home, String(workspace["id"]))) return "nothing";
      workspace["outdated"] = workspace["outdated"] !== true;
      return "outdated";
    case 10: {
      const name = freeName(home, random, String(workspace["owner_name"]));
      if (name === undefined || !isSeen(home, String(workspace["id"]))) return "nothing";
      workspace["name"] = name;
      return "rename";
    }
    default:
      return changeTemplates(home, random, isSeen);
  }
}

/** Something happens to a control plane. */
export function reconfigure(world: World, home: Home, random: () => number, isSeen: Seen): string {
  const there = world.controlPlanes.get(home.id);
  // Names of all in a namespace may change.
  if (!isSeen(home)) return "nothing";
  if (there === undefined) {
    world.set(home, { naming: pick(random, NAMINGS) });
    return "control plane created";
  }
  switch (below(random, 6)) {
    case 0:
      world.remove(home);
      return "control plane deleted";
    case 1:
      world.set(home, { disabled: there.spec?.operatorAccess?.disabled !== true });
      return "access switched";
    case 2:
      world.set(home, { waits: there.status?.operatorAccessReady === true });
      return "readiness switched";
    default:
      world.set(home, { naming: pick(random, NAMINGS) });
      return "naming";
  }
}

function create(home: Home, random: () => number): string {
  const owner = pick(random, home.owners);
  const name = freeName(home, random, owner.username);
  if (name === undefined) return "nothing";
  const template: Row = pick(random, home.coder.state.templates);
  const workspace = addWorkspace(home.coder.state, owner, name, {
    template_id: template["id"],
    template_name: template["name"],
    template_active_version_id: template["active_version_id"],
  });
  if (below(random, 2) === 0) beginBuild(home.coder.state, workspace, "start");
  return "create";
}

/** A number that was never given before in a Coder. */
function never(state: object): number {
  const next = (numbers.get(state) ?? 0) + 1;
  numbers.set(state, next);
  return next;
}

const numbers = new WeakMap<object, number>();

function freeName(home: Home, random: () => number, owner: string): string | undefined {
  const name = `w${below(random, NAMES)}`;
  const isTaken = home.coder.state.workspaces.some((row) =>
    row["deleted"] !== true && row["owner_name"] === owner && row["name"] === name
  );
  return isTaken ? undefined : name;
}

function begin(home: Home, workspace: Row, transition: "start" | "stop" | "delete"): string {
  if (isUnderWay(workspace)) return "nothing";
  beginBuild(home.coder.state, workspace, transition);
  return transition;
}

/** Builds go on, here and there. */
function proceed(home: Home, live: readonly Row[], random: () => number, isSeen: Seen): string {
  const { state } = home.coder;
  for (const workspace of live.filter(isUnderWay)) {
    const { status, transition } = workspace["latest_build"] as Row;
    if (below(random, 2) === 0) continue;
    if (transition === "delete" && !isSeen(home, String(workspace["id"]))) continue;
    if (status === "pending") pickUpBuild(state, workspace);
    else endBuild(state, workspace, below(random, 8) === 0 ? "no disk left" : undefined);
  }
  return "builds";
}

function isUnderWay(workspace: Row): boolean {
  return ["pending", "starting", "stopping", "deleting"].includes(
    String((workspace["latest_build"] as Row)["status"]),
  );
}

function changeTemplates(home: Home, random: () => number, isSeen: Seen): string {
  const { templates } = home.coder.state;
  const template = pick(random, templates);
  switch (below(random, 5)) {
    case 0: {
      const name = `template-${below(random, 30)}`;
      if (templates.length >= MOST_TEMPLATES || templates.some((row) => row["name"] === name)) {
        return "nothing";
      }
      addTemplate(home.coder.state, name);
      return "template created";
    }
    case 1:
      if (templates.length < 3 || !isSeen(home, String(template["id"]))) return "nothing";
      templates.splice(templates.indexOf(template), 1);
      return "template deleted";
    case 2:
      if (!isSeen(home, String(template["id"]))) return "nothing";
      template["deprecated"] = template["deprecated"] !== true;
      return "template deprecated";
    case 3:
      template["active_version_id"] = crypto.randomUUID();
      return "template version";
    default:
      template["display_name"] = `Name ${never(home.coder.state)}`;
      return "template renamed";
  }
}

/** All builds come to their ends. */
export function finishBuilds(world: World, isSeen: Seen): void {
  for (const home of world.homes) {
    const { state } = home.coder;
    for (const workspace of state.workspaces.filter(isUnderWay)) {
      if (isSeen(home, String(workspace["id"]))) endBuild(state, workspace);
    }
  }
}
