import { notifications } from "@mantine/notifications";
import type { ReactNode } from "react";
import { explainFailure, fieldErrors } from "@/api/failure";
import { t } from "@/i18n";

const closeButtonProps = () => ({ "aria-label": t("Close") });

/** Says that something is done. A toast with the same id replaces the one before. */
export function say(message: ReactNode, id?: string): void {
  if (id) notifications.hide(id);
  notifications.show({ message, color: "moss", ...(id && { id }), closeButtonProps: closeButtonProps() });
}

/** Says what went wrong, in the server's words when there are any, with what it says of single inputs. */
export function complain(failure: unknown): void {
  const details = Object.entries(fieldErrors(failure)).map(([path, message]) => `${path}: ${message}`);
  notifications.show({ message: [explainFailure(failure), ...details.slice(0, 3)].join(" "), color: "red", autoClose: 9000, role: "alert", closeButtonProps: closeButtonProps() });
}

/** Does `work`; what it throws becomes a toast. Tells whether it went well. */
export async function attempt(work: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await work();
    if (done) say(done);
    return true;
  } catch (failure) {
    complain(failure);
    return false;
  }
}
