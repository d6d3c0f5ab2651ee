import { AppError } from "@/lib/core/error";
import type { ErrorCode } from "@/lib/core/error-codes";
import type { DatasetConsole } from "./dataset-console";
import type { DatasetWorld } from "./dataset-world";

/** What a client hears of its request. */
export type Heard<T> =
  | { readonly kind: "answer"; readonly value: T }
  | { readonly kind: "failed"; readonly code: ErrorCode }
  /** It gave up waiting: its request was lost, or goes on, or its answer was lost. */
  | { readonly kind: "nothing" };

const clientWaitsMs = 2_500;
const lossProbability = 0.02;

/** A request over HTTP to a console, which can end, stop and lose it at any point. */
export function askConsole<T>(
  world: DatasetWorld,
  console: DatasetConsole,
  run: () => Promise<T>,
): Promise<Heard<T>> {
  const { queue } = world;
  return new Promise((resolve) => {
    let isWaiting = true;
    const hear = (heard: Heard<T>) => {
      if (!isWaiting) return world.count("answer after a client gave up");
      isWaiting = false;
      resolve(heard);
    };
    queue.schedule(clientWaitsMs, () => {
      if (!isWaiting) return;
      world.count("a client gave up waiting");
      hear({ kind: "nothing" });
    });
    if (world.fails(lossProbability)) return world.count("lost request to a console");
    const clock = world.network.clockOf(console.process);
    void (async () => {
      await clock.sleep(latencyMs(world));
      const heard = await run().then(
        (value): Heard<T> => ({ kind: "answer", value }),
        (thrown): Heard<T> => {
          if (thrown instanceof AppError) return { kind: "failed", code: thrown.code };
          world.break(thrown);
          return { kind: "nothing" };
        },
      );
      await clock.sleep(latencyMs(world));
      if (world.fails(lossProbability)) return world.count("lost answer of a console");
      hear(heard);
    })();
  });
}

function latencyMs(world: DatasetWorld): number {
  return 1 + world.random() * 5;
}
