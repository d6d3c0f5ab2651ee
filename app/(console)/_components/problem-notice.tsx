import { Notice } from "@/app/_ui/notice";
import type { ProblemDocument } from "@/lib/contracts/problem-document";

/** A refused request above the form or list that sent it. Field messages stand at their fields. */
export function ProblemNotice({
  problem,
  shownFields = [],
  labels,
}: {
  problem: ProblemDocument;
  shownFields?: readonly string[];
  /** What the form calls its fields. */
  labels?: ReadonlyMap<string, string>;
}) {
  const elsewhere = problem.errors.filter(({ field }) => !shownFields.includes(field));
  return (
    <Notice
      tone="bad"
      title={problem.documentedName ? `${problem.documentedName}: ${problem.title}` : problem.title}
    >
      <p>{problem.cause}</p>
      {elsewhere.length > 0 && (
        <ul className="mt-1 list-disc pl-4">
          {elsewhere.map(({ field, message }) => (
            <li key={`${field}: ${message}`}>
              <FieldName field={field} label={labels?.get(field)} />: {message}
            </li>
          ))}
        </ul>
      )}
      <p>{problem.nextStep}</p>
    </Notice>
  );
}

function FieldName({ field, label }: { field: string; label: string | undefined }) {
  if (label !== undefined) return <span className="font-medium text-ink">{label}</span>;
  return <span className="font-mono text-xs">{field}</span>;
}
