"use client";

import { type FormEvent, useState } from "react";
import { Button } from "@/app/_ui/button";
import { Field, Input } from "@/app/_ui/field";
import { Notice } from "@/app/_ui/notice";

type Failure = { title: string; cause: string };

const failures: Record<number, Failure> = {
  401: {
    title: "The address or the password is not right",
    cause: "The first start wrote both to credentials.json in Culvert's home.",
  },
  429: { title: "Too many tries", cause: "Wait a minute, then try again." },
};
const away: Failure = {
  title: "The console does not answer",
  cause: "Check that Culvert runs, then try again.",
};

export function SignInForm({ next }: { next: string }) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);

  async function signIn(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFailure(null);
    const response = await fetch("/api/auth/sign-in/email", {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: form.get("email"), password: form.get("password") }),
    }).catch(() => null);
    if (response?.ok) return window.location.assign(next);
    setBusy(false);
    setFailure((response && failures[response.status]) ?? away);
  }

  return (
    <form
      onSubmit={(event) => void signIn(event)}
      className="flex flex-col gap-4 rounded-2xl border border-line bg-surface p-6 shadow-raised"
    >
      {failure && (
        <Notice tone="bad" title={failure.title}>
          {failure.cause}
        </Notice>
      )}
      <Field label="Email">
        <Input name="email" type="email" autoComplete="username" required autoFocus />
      </Field>
      <Field label="Password">
        <Input name="password" type="password" autoComplete="current-password" required />
      </Field>
      <Button type="submit" look="primary" disabled={busy} className="mt-1">
        {busy ? "Signing in…" : "Sign in"}
      </Button>
    </form>
  );
}
