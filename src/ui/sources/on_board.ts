/** Objects that are followed, as rows of a board's section. */
import type { KubeObject } from "../../api/object.ts";
import type { Board } from "../board.ts";
import type { Rows, Section } from "../types.ts";
import type { Followed } from "./follow.ts";

/** @param rowOf equal ids for equal `namespace/name` */
export function onBoard<T extends KubeObject, S extends Section>(
  board: Board,
  section: S,
  rowOf: (object: T) => Rows[S],
): Followed<T> {
  return {
    some: (objects) => board.set(section, objects.map(rowOf)),
    all: (objects) => board.replace(section, objects.map(rowOf)),
    set: (object) => board.set(section, [rowOf(object)]),
    gone: (object) => board.remove(section, [rowOf(object).id]),
    problem: (message) => board.tell(section, message),
  };
}
