import { getTokenPayload } from "pocketbase";
import { useRoute } from "@/lib/route";

interface MailToken {
  token: string;
  /** The id of the collection whose account it is for. */
  collection: string;
  email: string;
  newEmail: string;
}

/** What the link of a mail says about itself; the server alone decides whether it is true. */
export function useMailToken(): MailToken {
  const token = useRoute().path[2] ?? "";
  const payload = token ? getTokenPayload(token) : {};
  const text = (name: string) => (typeof payload[name] === "string" ? payload[name] : "");
  return { token, collection: text("collectionId"), email: text("email"), newEmail: text("newEmail") };
}
