// What a user gives as DATA to a list of images, whatever it is: today a folder; other sources join here.
import { type Dataset, openFolder } from "./folder.ts";

/**
 * Opens a data set.
 *
 * @throws {UserError} where there is nothing there, it cannot be listed, or it holds no images
 */
export async function openData(root: string): Promise<Dataset> {
  return openFolder(root);
}
