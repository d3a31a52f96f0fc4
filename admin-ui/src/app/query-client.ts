import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { pb } from "@/api/client";
import { failureKind } from "@/api/failure";

/** A session that the server no longer takes ends here, whichever call found out. */
function endSession(failure: unknown): void {
  if (failureKind(failure) === "session" && pb.authStore.token) pb.authStore.clear();
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: endSession }),
  mutationCache: new MutationCache({ onError: endSession }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      retry: (count, failure) => failureKind(failure) === "offline" && count < 2,
    },
  },
});

// Whoever logs in starts afresh: what was loaded before may be somebody else's, or of before another login.
let loggedIn = pb.authStore.token !== "";
pb.authStore.onChange((token) => {
  if (token && !loggedIn) queryClient.clear();
  loggedIn = token !== "";
});
