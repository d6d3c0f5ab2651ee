import { previewTask } from "@/lib/services/preview-task";
import { serve } from "../../../_http/serve";

export const POST = serve("previewTask", ({ services, body }) => previewTask(services, body));
