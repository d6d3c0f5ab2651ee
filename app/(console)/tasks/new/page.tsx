import type { Metadata } from "next";
import { CreateTask } from "./_components/create-task";

export const metadata: Metadata = { title: "New task" };

export default function NewTaskPage() {
  return <CreateTask />;
}
