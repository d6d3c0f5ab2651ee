import Link from "next/link";
import { Button } from "../_ui/button";

export default function NotFoundInConsole() {
  return (
    <div className="flex flex-col items-center px-6 py-24 text-center">
      <h1 className="text-lg font-semibold">There is no such page</h1>
      <p className="mt-1 text-ink-muted">
        The address may be mistyped, or what it named was deleted.
      </p>
      <Button asChild className="mt-5">
        <Link href="/tasks">Go to the tasks</Link>
      </Button>
    </div>
  );
}
