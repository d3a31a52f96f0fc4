import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { setNonce } from "get-nonce";
import { ConfirmHost } from "@/ui/confirm";
import { queryClient } from "./query-client";
import { Pages } from "./pages";
import { theme } from "./theme";

const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? "";
setNonce(nonce);

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queryClient}>
        <Notifications position="top-center" limit={4} autoClose={5000} />
        <Pages />
        <ConfirmHost />
      </QueryClientProvider>
    </MantineProvider>
  );
}
