import { operations } from "@/lib/tablestore/operations";
import type { OperationHandler } from "../http-server";

const deliveryPaths = [
  operations.CreateDeliveryTask.path,
  operations.DescribeDeliveryTask.path,
  operations.ListDeliveryTask.path,
  operations.DeleteDeliveryTask.path,
];

/**
 * The Delivery API, opened at its first call: most table stores are never asked, and the database's
 * client doubles the time they take to start. An opening that fails is tried again by the next call.
 */
export function deliveryTasksOnDemand(
  open: () => Promise<Record<string, OperationHandler>>,
): Record<string, OperationHandler> {
  let opened: ReturnType<typeof open> | null = null;
  const openOnce = () => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
  const handlerOf =
    (path: string): OperationHandler =>
    async (body, signal) => {
      const handler = (await openOnce())[path];
      if (handler === undefined) throw new Error(`No handler for ${path}`);
      return handler(body, signal);
    };
  return Object.fromEntries(deliveryPaths.map((path) => [path, handlerOf(path)]));
}
