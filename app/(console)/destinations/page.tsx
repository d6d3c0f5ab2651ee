import type { Metadata } from "next";
import { DestinationList } from "./_components/destination-list";

export const metadata: Metadata = { title: "Destinations" };

/** `?edit=<id>` opens that destination: where a task's error leads. */
export default async function DestinationsPage({
  searchParams,
}: {
  searchParams: Promise<{ edit?: string | string[] }>;
}) {
  const { edit } = await searchParams;
  return <DestinationList editId={typeof edit === "string" ? edit : null} />;
}
