"use client";

import { useState } from "react";
import { useList } from "@/app/(console)/_components/use-list";
import type { SourceView } from "@/lib/contracts/source-body";

const sourcesShownMax = 500;

/** The source that a page looks at: the one its address names, else the first. The address follows. */
export function useSourceChoice(asked: string | null) {
  const list = useList<SourceView>("/sources", { limit: sourcesShownMax });
  const [chosen, setChosen] = useState(asked);
  const source = list.items?.find(({ id }) => id === chosen) ?? list.items?.[0] ?? null;
  const choose = (id: string) => {
    setChosen(id);
    const query = new URLSearchParams(window.location.search);
    query.set("source", id);
    window.history.replaceState(null, "", `?${query}`);
  };
  return { list, source, choose };
}
