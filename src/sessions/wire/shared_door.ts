/** The way to one coordinator that may have several addresses, such as one of IPv4 and one of IPv6. */
import type { WorkerHello, WorkerLoad } from "../types.ts";
import type { CoordinatorDoor, OpenStream } from "./door.ts";
import type { Registration } from "./messages.ts";
import { WireError } from "./wire_error.ts";

export interface SharedDoorEvents {
  /** Another registration. @throws where it is one that another door has already */
  registered(registration: string): void;
  /** A stream that was open has ended. */
  lost(): void;
}

export class SharedDoor implements CoordinatorDoor {
  readonly #doors = new Map<string, CoordinatorDoor>();
  readonly #events: SharedDoorEvents;
  #current: CoordinatorDoor;
  /** It is given up, and says no farewell: the worker goes on. */
  isDropped = false;

  /** @param target by which its address is known */
  constructor(target: string, door: CoordinatorDoor, events: SharedDoorEvents) {
    this.#doors.set(target, door);
    this.#current = door;
    this.#events = events;
  }

  get address(): string {
    return this.#current.address;
  }

  get targets(): readonly string[] {
    return [...this.#doors.keys()];
  }

  /** The same coordinator has this address, too. */
  add(target: string, door: CoordinatorDoor): void {
    if (this.#doors.has(target)) door.close();
    else this.#doors.set(target, door);
  }

  /** Addresses that are not its own any more. The one in use stays. @returns whether that was its last one */
  keep(isIts: (target: string) => boolean): boolean {
    for (const [target, door] of this.#doors) {
      if (isIts(target) || door === this.#current) continue;
      door.close();
      this.#doors.delete(target);
    }
    return this.targets.some(isIts);
  }

  async register(hello: WorkerHello, load: WorkerLoad, signal: AbortSignal): Promise<Registration> {
    const registration = await this.#trying((door) => door.register(hello, load, signal));
    this.#events.registered(registration.id);
    return registration;
  }

  heartbeat(registration: string, load: WorkerLoad, isDraining: boolean, signal: AbortSignal): Promise<void> {
    return this.#current.heartbeat(registration, load, isDraining, signal);
  }

  async deregister(
    registration: string,
    lastTaken: number,
    reason: string,
    signal: AbortSignal,
  ): Promise<void> {
    if (!this.isDropped) await this.#current.deregister(registration, lastTaken, reason, signal);
  }

  async dial(signal: AbortSignal): Promise<OpenStream> {
    const open = await this.#trying((door) => door.dial(signal));
    const door = this.#current;
    return (resume, events) => {
      let wasOpen = false;
      return open(resume, {
        opened: () => {
          wasOpen = true;
          events.opened();
        },
        message: (message) => events.message(message),
        drained: () => events.drained(),
        closed: (error) => {
          if (!wasOpen && isAway(error)) this.#next(door);
          events.closed(error);
          if (wasOpen) this.#events.lost();
        },
      });
    };
  }

  close(): void {
    for (const door of this.#doors.values()) door.close();
  }

  async #trying<T>(call: (door: CoordinatorDoor) => Promise<T>): Promise<T> {
    const door = this.#current;
    try {
      return await call(door);
    } catch (error) {
      if (isAway(error)) this.#next(door);
      throw error;
    }
  }

  /** The next attempt is by another of its addresses. */
  #next(door: CoordinatorDoor): void {
    if (door !== this.#current) return;
    const doors = [...this.#doors.values()];
    this.#current = doors[(doors.indexOf(door) + 1) % doors.length] ?? door;
  }
}

/** Also where there was no answer in time. */
function isAway(error: unknown): boolean {
  return !(error instanceof WireError) || error.code === "unavailable";
}
