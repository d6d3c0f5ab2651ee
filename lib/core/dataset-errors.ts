import { defineErrorKinds, detailOf } from "./error-kind";

/** What can be wrong with a dataset itself. Documented names: MaxCompute's "Common Tunnel errors". */
export const datasetErrors = defineErrorKinds({
  "dataset.not_found": {
    fault: "user",
    httpStatus: 404,
    documentedName: "NoSuchTable",
    title: "There is no such dataset",
    cause: (d) => `No dataset and no task is named ${detailOf(d, "name", "like that")}.`,
    nextStep: () => "Check the name in the list of datasets.",
  },
  "dataset.name_taken": {
    fault: "user",
    httpStatus: 409,
    title: "The name is taken",
    cause: (d) => `There is already a dataset or a task named ${detailOf(d, "name", "like that")}.`,
    nextStep: () => "Choose another name.",
  },
  "dataset.is_view": {
    fault: "user",
    httpStatus: 405,
    documentedName: "MethodNotAllowed",
    title: "A view has no objects",
    cause: () => "A dataset is a folder of objects; a view is a statement over one.",
    nextStep: () => "Create the dataset as a table, and the view in the engine that reads it.",
  },
  "dataset.folder_foreign": {
    fault: "user",
    httpStatus: 409,
    title: "The folder holds objects that are none of this dataset's",
    cause: (d) => detailOf(d, "reason", "Something else stands in the folder."),
    nextStep: () => "Choose another folder, or move those objects elsewhere.",
  },
  "dataset.written_by_task": {
    fault: "user",
    httpStatus: 405,
    documentedName: "MethodNotAllowed",
    title: "A task writes this dataset",
    cause: (d) =>
      `${detailOf(d, "name", "It")} is what the task of that name delivers, and nothing else may stand in its folder.`,
    nextStep: () => "Upload into a dataset of its own.",
  },
});
