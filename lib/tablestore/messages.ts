import { Enum, Field, Root, Type, util } from "protobufjs/light.js";
import { deliveryMessages } from "./schema/delivery-messages";
import { type EnumName, type EnumValue, enums } from "./schema/enums";
import type { FieldRule, FieldSpec } from "./schema/field";
import { rowMessages } from "./schema/row-messages";
import { streamMessages } from "./schema/stream-messages";
import { tableMessages } from "./schema/table-messages";
import { tunnelMessages } from "./schema/tunnel-messages";

const schema = {
  ...tableMessages,
  ...rowMessages,
  ...streamMessages,
  ...tunnelMessages,
  ...deliveryMessages,
};

type Schema = typeof schema;
export type MessageName = keyof Schema;

type Scalars = {
  string: string;
  bytes: Uint8Array;
  bool: boolean;
  int32: number;
  int64: bigint;
  uint64: bigint;
};
type Fields = Record<string, FieldSpec<FieldRule, string>>;
type KeysOf<F, Rule extends FieldRule> = {
  [K in keyof F]: F[K] extends FieldSpec<Rule, string> ? K : never;
}[keyof F];
type TypeOf<F> = F extends FieldSpec<FieldRule, infer Type> ? Type : never;
type Decoded<Type> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends EnumName
    ? EnumValue<Type>
    : Type extends MessageName
      ? Message<Type>
      : never;
type Encodable<Type> = Type extends MessageName ? MessageInit<Type> : Decoded<Type>;

/**
 * A decoded message. A field that was not on the wire is absent, which is not the same as its
 * default; repeated fields are always arrays, enums are their names, bytes are views into the input.
 */
export type Message<N extends MessageName> = {
  readonly [K in KeysOf<Schema[N], "required">]: Decoded<TypeOf<Schema[N][K]>>;
} & {
  readonly [K in KeysOf<Schema[N], "optional">]?: Decoded<TypeOf<Schema[N][K]>>;
} & {
  readonly [K in KeysOf<Schema[N], "repeated">]: readonly Decoded<TypeOf<Schema[N][K]>>[];
};

/** A message to encode: undefined and absent optional fields stay off the wire. */
export type MessageInit<N extends MessageName> = {
  readonly [K in KeysOf<Schema[N], "required">]: Encodable<TypeOf<Schema[N][K]>>;
} & {
  readonly [K in KeysOf<Schema[N], "optional">]?: Encodable<TypeOf<Schema[N][K]>> | undefined;
} & {
  readonly [K in KeysOf<Schema[N], "repeated">]?:
    | readonly Encodable<TypeOf<Schema[N][K]>>[]
    | undefined;
};

/** Bytes that are not the message they should be: malformed, or without a required field. */
export class MessageError extends Error {
  override readonly name = "MessageError";
  readonly messageName: MessageName;

  constructor(messageName: MessageName, reason: string, cause?: unknown) {
    super(`${messageName}: ${reason}`, { cause });
    this.messageName = messageName;
  }
}

function buildType(name: string, fields: Fields): Type {
  const type = new Type(name);
  for (const [fieldName, { number, type: fieldType, rule }] of Object.entries(fields)) {
    // Without this, text that is not UTF-8 would arrive as other text.
    const options = fieldType === "string" ? { features: { utf8_validation: "VERIFY" } } : {};
    type.add(new Field(fieldName, number, fieldType, rule, undefined, options));
  }
  return type;
}

function buildTypes(): ReadonlyMap<string, Type> {
  // protobufjs falls back to doubles when a bundler hides the package: tokens would lose bits.
  if (!util.Long) throw new Error("protobufjs has no 64-bit integers here");
  const root = new Root();
  for (const [name, values] of Object.entries(enums)) root.add(new Enum(name, values));
  const types = new Map(
    Object.entries(schema).map(([name, fields]) => [name, buildType(name, fields)]),
  );
  for (const type of types.values()) root.add(type);
  root.resolveAll();
  return types;
}

const types = buildTypes();

function typeOf(name: MessageName): Type {
  return types.get(name) as Type;
}

/** The message's wire bytes. 64-bit fields keep every bit. */
export function encodeMessage<N extends MessageName>(name: N, message: MessageInit<N>): Uint8Array {
  const type = typeOf(name);
  return type.encode(type.fromObject(message)).finish();
}

/** Reads a message; unknown fields are skipped. Throws MessageError and nothing else. */
export function decodeMessage<N extends MessageName>(name: N, bytes: Uint8Array): Message<N> {
  const type = typeOf(name);
  try {
    const decoded = type.decode(bytes);
    return type.toObject(decoded, { longs: BigInt, enums: String, arrays: true }) as Message<N>;
  } catch (cause) {
    throw new MessageError(name, cause instanceof Error ? cause.message : String(cause), cause);
  }
}
