import { lazy, Suspense, useEffect, type ComponentType, type ReactNode } from "react";
import { useRoute } from "@/lib/route";
import { ErrorBoundary } from "@/ui/error-boundary";
import { PageLoading } from "@/ui/states";
import { renewSession, useSession } from "./session";

type Loaded<N extends string> = { [K in N]: () => ReactNode };

/** A component of a part that is loaded when it is first shown. */
function later<N extends string>(load: () => Promise<Loaded<N>>, name: N): ComponentType {
  return lazy(async () => ({ default: (await load())[name] as ComponentType }));
}

const GUEST: Record<string, ComponentType> = {
  setup: later(() => import("@/features/setup/page"), "SetupPage"),
  pbinstall: later(() => import("@/features/setup/page"), "SetupPage"),
  login: later(() => import("@/features/login/page"), "LoginPage"),
  "request-password-reset": later(() => import("@/features/login/forgotten"), "ForgottenPage"),
  "auth/confirm-password-reset": later(() => import("@/features/confirm/password-reset"), "ConfirmPasswordReset"),
  "auth/confirm-verification": later(() => import("@/features/confirm/verification"), "ConfirmVerification"),
  "auth/confirm-email-change": later(() => import("@/features/confirm/email-change"), "ConfirmEmailChange"),
  "auth/oauth2-redirect-success": later(() => import("@/features/confirm/oauth2"), "OAuth2Success"),
  "auth/oauth2-redirect-failure": later(() => import("@/features/confirm/oauth2"), "OAuth2Failure"),
};

const Login = GUEST["login"] as ComponentType;
const Shell = later(() => import("./shell"), "Shell");

/** The page that the address names; whoever is not logged in sees the login instead. */
export function Pages() {
  const { path } = useRoute();
  const session = useSession();
  useEffect(() => void renewSession(), []);
  const guest = GUEST[path[0] === "auth" ? path.slice(0, 2).join("/") : (path[0] ?? "")];
  return <Framed key={session}>{guest && !(session && guest === Login) ? asElement(guest) : session ? <Shell /> : <Login />}</Framed>;
}

function asElement(Page: ComponentType): ReactNode {
  return <Page />;
}

function Framed({ children }: { children: ReactNode }) {
  return (
    <ErrorBoundary>
      <Suspense fallback={<PageLoading />}>{children}</Suspense>
    </ErrorBoundary>
  );
}
