"use client";

import { Download, FileCode, Trash2, Upload } from "lucide-react";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import { Button } from "@/app/_ui/button";
import { useRefusal } from "@/app/(console)/_components/person-role";
import { RoleButton } from "@/app/(console)/_components/role-button";
import { StatementDialog } from "@/app/(console)/_components/statement-dialog";
import { datasetApi } from "@/app/(console)/datasets/_components/dataset-paths";
import type { DatasetView } from "@/lib/contracts/dataset-body";
import { DeleteDatasetDialog } from "./delete-dataset-dialog";
import { DownloadDialog } from "./download/download-dialog";
import { UploadDialog } from "./upload/upload-dialog";

type Open = "statement" | "upload" | "download" | "delete";

export function DatasetActions({ dataset }: { dataset: DatasetView }) {
  const router = useRouter();
  const [open, setOpen] = useState<Open | null>(null);
  const [dropped, setDropped] = useState<readonly File[]>([]);
  const close = () => {
    setOpen(null);
    setDropped([]);
  };
  const isOwn = dataset.origin === "dataset";
  const refusal = useRefusal("operator");
  useDropOnPage(isOwn && refusal === null && open === null, (files) => {
    setDropped(files);
    setOpen("upload");
  });
  return (
    <>
      <Button onClick={() => setOpen("statement")}>
        <FileCode aria-hidden /> View statement
      </Button>
      <RoleButton needs="downloader" onClick={() => setOpen("download")}>
        <Download aria-hidden /> Download
      </RoleButton>
      {isOwn && (
        <>
          <RoleButton needs="operator" look="primary" onClick={() => setOpen("upload")}>
            <Upload aria-hidden /> Upload
          </RoleButton>
          <RoleButton
            needs="administrator"
            look="ghost"
            size="icon"
            aria-label="Delete the dataset"
            title="Delete"
            onClick={() => setOpen("delete")}
          >
            <Trash2 />
          </RoleButton>
        </>
      )}
      <StatementDialog
        path={datasetApi.ddl(dataset.name)}
        open={open === "statement"}
        onOpenChange={(is) => !is && close()}
      />
      {open === "upload" && <UploadDialog dataset={dataset} files={dropped} onClose={close} />}
      {open === "download" && <DownloadDialog dataset={dataset} onClose={close} />}
      {open === "delete" && (
        <DeleteDatasetDialog
          dataset={dataset}
          onClose={close}
          onDeleted={() => router.push("/datasets")}
        />
      )}
    </>
  );
}

/** A file that is dropped beside every drop zone would be opened by the browser, in the page's place. */
function useDropOnPage(isWanted: boolean, onFiles: (files: readonly File[]) => void): void {
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const over = (event: DragEvent) => hasFiles(event) && event.preventDefault();
    const drop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      const files = [...(event.dataTransfer?.files ?? [])];
      if (isWanted && files.length > 0) onFiles(files);
    };
    window.addEventListener("dragover", over);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragover", over);
      window.removeEventListener("drop", drop);
    };
  }, [isWanted, onFiles]);
}
