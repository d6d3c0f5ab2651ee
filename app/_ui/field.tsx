"use client";

import { CircleAlert, TriangleAlert } from "lucide-react";
import { type ComponentProps, createContext, type ReactNode, useContext, useId } from "react";
import { classNames } from "./class-names";

type FieldIds = {
  control: string;
  hint: string;
  error: string;
  warning: string;
  invalid: boolean;
  hasHint: boolean;
  hasWarnings: boolean;
};
const FieldContext = createContext<FieldIds | null>(null);

/** Label, control, errors, warnings and hint tied together for eyes and for screen readers alike. */
export function Field(props: {
  label: ReactNode;
  hint?: ReactNode;
  errors?: readonly string[];
  /** Works, but is probably not what is wanted. */
  warnings?: readonly string[];
  optional?: boolean;
  children: ReactNode;
  className?: string;
}) {
  const id = useId();
  const errors = props.errors ?? [];
  const warnings = props.warnings ?? [];
  const ids = {
    control: id,
    hint: `${id}-hint`,
    error: `${id}-error`,
    warning: `${id}-warning`,
    invalid: errors.length > 0,
    hasHint: Boolean(props.hint),
    hasWarnings: warnings.length > 0,
  };
  return (
    <FieldContext.Provider value={ids}>
      <div className={classNames("flex min-w-0 flex-col gap-1.5", props.className)}>
        <label htmlFor={id} className="flex items-baseline gap-2 text-[13px] font-medium">
          {props.label}
          {props.optional && <span className="text-xs font-normal text-ink-faint">optional</span>}
        </label>
        {props.children}
        <Messages id={ids.error} icon={CircleAlert} ink="text-bad" messages={errors} />
        <Messages id={ids.warning} icon={TriangleAlert} ink="text-warn" messages={warnings} />
        {props.hint && (
          <p id={ids.hint} className="text-[13px] text-ink-muted">
            {props.hint}
          </p>
        )}
      </div>
    </FieldContext.Provider>
  );
}

function Messages(props: {
  id: string;
  icon: typeof CircleAlert;
  ink: string;
  messages: readonly string[];
}) {
  const Icon = props.icon;
  if (props.messages.length === 0) return null;
  return (
    <ul id={props.id} className={classNames("flex flex-col gap-0.5 text-[13px]", props.ink)}>
      {props.messages.map((message) => (
        <li key={message} className="flex items-start gap-1.5">
          <Icon aria-hidden className="mt-[3px] size-3.5 shrink-0" />
          <span className="min-w-0 break-words">{message}</span>
        </li>
      ))}
    </ul>
  );
}

/** What a control inside a Field needs to be announced with its label, hint and errors. */
export function useFieldControl(): {
  id?: string;
  "aria-invalid"?: true;
  "aria-describedby"?: string;
} {
  const ids = useContext(FieldContext);
  if (!ids) return {};
  const described = [
    ids.invalid && ids.error,
    ids.hasWarnings && ids.warning,
    ids.hasHint && ids.hint,
  ]
    .filter(Boolean)
    .join(" ");
  return {
    id: ids.control,
    ...(ids.invalid ? { "aria-invalid": true as const } : {}),
    ...(described ? { "aria-describedby": described } : {}),
  };
}

export const controlClasses =
  "w-full min-w-0 rounded-lg border border-line-strong bg-surface px-3 text-sm text-ink placeholder:text-ink-faint transition-colors hover:border-ink-faint aria-invalid:border-bad disabled:opacity-60";

export function Input({ className, mono, ...props }: ComponentProps<"input"> & { mono?: boolean }) {
  return (
    <input
      {...useFieldControl()}
      {...props}
      className={classNames(controlClasses, "h-9", mono && "font-mono text-[13px]", className)}
    />
  );
}

export function Textarea({ className, ...props }: ComponentProps<"textarea">) {
  return (
    <textarea
      {...useFieldControl()}
      {...props}
      className={classNames(controlClasses, "min-h-20 py-2", className)}
    />
  );
}

/** The system's own select: best on phones, and nobody has to learn it. */
export function Select({ className, ...props }: ComponentProps<"select">) {
  return (
    <select
      {...useFieldControl()}
      {...props}
      className={classNames(controlClasses, "h-9 pr-2", className)}
    />
  );
}
