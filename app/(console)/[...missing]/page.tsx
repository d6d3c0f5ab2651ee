import { notFound } from "next/navigation";

/** Every address that is no page, inside the console's frame, so that the way on is in sight. */
export default function MissingPage() {
  notFound();
}
