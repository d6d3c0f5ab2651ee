"use client";

import { LoadError } from "../_ui/states";

export default function ConsoleError({ reset }: { error: Error; reset: () => void }) {
  return (
    <LoadError
      title="This page could not be shown"
      cause="The console failed while it drew the page. Delivery does not depend on it."
      nextStep="Try again; if it lasts, the console's log says why."
      onRetry={reset}
    />
  );
}
