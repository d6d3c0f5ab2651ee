import type { Metadata } from "next";
import { TaskPage } from "./_components/task-page";

type Params = { params: Promise<{ name: string }> };

export async function generateMetadata({ params }: Params): Promise<Metadata> {
  return { title: (await params).name };
}

export default async function Page({ params }: Params) {
  return <TaskPage name={(await params).name} />;
}
