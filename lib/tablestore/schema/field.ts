/** A proto2 field: its presence rule, its number, and the name of a scalar, an enum or a message. */
export type FieldSpec<Rule extends FieldRule, Type extends string> = {
  readonly rule: Rule;
  readonly number: number;
  readonly type: Type;
};
export type FieldRule = "required" | "optional" | "repeated";

export function required<const Type extends string>(
  number: number,
  type: Type,
): FieldSpec<"required", Type> {
  return { rule: "required", number, type };
}

export function optional<const Type extends string>(
  number: number,
  type: Type,
): FieldSpec<"optional", Type> {
  return { rule: "optional", number, type };
}

export function repeated<const Type extends string>(
  number: number,
  type: Type,
): FieldSpec<"repeated", Type> {
  return { rule: "repeated", number, type };
}
