"use client";

import { Upload } from "lucide-react";
import { type DragEvent, type ReactNode, useState } from "react";
import { classNames } from "./class-names";

/** Files by dropping them, or by the browser's own picker, which the keyboard reaches. */
export function DropZone(props: {
  label: string;
  hint: ReactNode;
  /** As an input's `accept`. What is dropped is not narrowed by it. */
  accept: string;
  disabled?: boolean;
  onFiles: (files: readonly File[]) => void;
}) {
  const { disabled = false, onFiles } = props;
  const [isOver, setIsOver] = useState(false);
  const drag = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(!disabled);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(false);
    if (!disabled) onFiles([...event.dataTransfer.files]);
  };
  return (
    <label
      onDragEnter={drag}
      onDragOver={drag}
      onDragLeave={() => setIsOver(false)}
      onDrop={drop}
      className={classNames(
        "flex cursor-pointer flex-col items-center gap-1 rounded-xl border border-dashed px-4 py-7 text-center transition-colors",
        "has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent",
        isOver
          ? "border-accent bg-accent-soft"
          : "border-line-strong bg-sunken hover:bg-accent-soft",
        disabled && "pointer-events-none opacity-60",
      )}
    >
      <Upload aria-hidden className="mb-1 size-5 text-ink-faint" />
      <span className="text-sm font-medium">{props.label}</span>
      <span className="max-w-lg text-[13px] text-ink-muted">{props.hint}</span>
      <input
        type="file"
        multiple
        accept={props.accept}
        disabled={disabled}
        className="sr-only"
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          // The same file may be chosen again, once it is mended.
          event.target.value = "";
        }}
      />
    </label>
  );
}
