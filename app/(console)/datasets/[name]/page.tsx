import type { Metadata } from "next";
import { DatasetPage } from "./_components/dataset-page";

type Props = {
  params: Promise<{ name: string }>;
  searchParams: Promise<{ tab?: string | string[] }>;
};

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: decodeURIComponent((await params).name) };
}

/** `?tab=<tab>` opens that tab, so that one can be linked to and survives a reload. */
export default async function Page({ params, searchParams }: Props) {
  const [{ name }, { tab }] = await Promise.all([params, searchParams]);
  return <DatasetPage name={decodeURIComponent(name)} tab={typeof tab === "string" ? tab : null} />;
}
