import type { Metadata } from "next";
import { Logo } from "@/app/_ui/logo";
import { SignInForm } from "./_components/sign-in-form";

export const metadata: Metadata = { title: "Sign in" };

export default async function SignInPage({
  searchParams,
}: {
  searchParams: Promise<{ next?: string | string[] }>;
}) {
  const { next } = await searchParams;
  return (
    <main className="grid min-h-dvh place-items-center px-4 py-10">
      <div className="w-full max-w-sm">
        <div className="mb-8 flex flex-col items-center text-center">
          <Logo className="size-10 text-accent" />
          <h1 className="mt-4 text-xl font-semibold tracking-tight">Sign in to Culvert</h1>
          <p className="mt-1 text-ink-muted">Table data into Parquet, exactly once.</p>
        </div>
        <SignInForm next={localPath(next)} />
      </div>
    </main>
  );
}

/** Only a path of this console: an address from outside in a link must not be where a sign-in ends. */
function localPath(next: string | string[] | undefined): string {
  return typeof next === "string" && /^\/(?![/\\])/.test(next) ? next : "/tasks";
}
