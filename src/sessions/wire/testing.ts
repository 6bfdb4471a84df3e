/** What tests of the wire share. For tests alone. */
import type { Task, WorkerConnection, WorkerListener } from "../link.ts";
import type { Channel, ChannelEvents, SendResult } from "./channel.ts";
import type { WireError } from "./wire_error.ts";

let tasks = 0;

export function aTask(differing: Partial<Task> = {}): Task {
  return {
    id: `task-${++tasks}`,
    sessionId: "sess-0123456789abcdef",
    operation: "echo",
    input: { message: "hello" },
    deadlineMs: 60_000,
    traceparent: "",
    ...differing,
  };
}

export const never = new AbortController().signal;

/** Keeps what it is told, and lets tests wait for it. */
export class Witness implements WorkerListener {
  readonly news: string[] = [];
  readonly joinedWorkers: WorkerConnection[] = [];
  readonly #waiting = new Set<() => void>();

  joined(worker: WorkerConnection): void {
    this.joinedWorkers.push(worker);
    this.#add(`joined ${worker.id}`);
  }
  changed(worker: WorkerConnection): void {
    const draining = worker.isDraining ? ", draining" : "";
    this.#add(`${worker.id} ${worker.isConnected ? "connected" : "disconnected"}${draining}`);
  }
  left(worker: WorkerConnection, reason: string): void {
    this.#add(`left ${worker.id}: ${reason}`);
  }

  /** The `count`th worker that joined. */
  async worker(count = 1): Promise<WorkerConnection> {
    await this.until(() => this.joinedWorkers.length >= count);
    return this.joinedWorkers[count - 1]!;
  }

  /** Resolves when it holds; looked at after each piece of news. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  #add(line: string): void {
    this.news.push(line);
    for (const look of [...this.#waiting]) look();
  }
}

/** A channel that keeps what is sent, and answers as it is told. */
export class FakeChannel<Out> implements Channel<Out> {
  readonly sent: Out[] = [];
  readonly closed: (WireError | undefined)[] = [];
  /** What `send` answers. */
  answer: (message: Out) => SendResult = () => "sent";

  send(message: Out): SendResult {
    const result = this.answer(message);
    if (result === "sent" || result === "full") this.sent.push(message);
    return result;
  }
  close(reason?: WireError): void {
    this.closed.push(reason);
  }
}

/** What a side is told, as lines. */
export function recorder<In>(show: (message: In) => string): ChannelEvents<In> & { readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    opened: () => void told.push("opened"),
    message: (message) => void told.push(show(message)),
    drained: () => void told.push("drained"),
    closed: (error) => void told.push(error === undefined ? "closed" : `closed: ${error.code}`),
  };
}
