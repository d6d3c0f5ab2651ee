import {
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageInit,
  type MessageName,
} from "@/lib/tablestore/messages";
import { type OperationName, operations } from "@/lib/tablestore/operations";
import type { Service } from "../service";

/** Calls an operation as the HTTP server would, without the network. */
export async function callOperation<O extends OperationName>(
  service: Service,
  name: O,
  request: MessageInit<(typeof operations)[O]["request"]>,
): Promise<Message<(typeof operations)[O]["response"]>> {
  const { path, request: requestName, response } = operations[name];
  const handler = service.operations.get(path);
  if (handler === undefined) throw new Error(`There is no ${path}`);
  const body = Buffer.from(encodeMessage(requestName as MessageName, request as never));
  return decodeMessage(response, await handler(body, new AbortController().signal)) as never;
}
