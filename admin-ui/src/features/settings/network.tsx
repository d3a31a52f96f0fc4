import { Alert, Anchor, Button, Fieldset, Group, SegmentedControl, Stack, TagsInput, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { loadHealth, type Settings } from "@/api/settings";
import { t } from "@/i18n";
import { sameJson } from "@/lib/text";
import { confirm } from "@/ui/confirm";
import { SettingsForm } from "@/ui/settings-form";
import { withSettings } from "./loaded";
import { useSettingsForm } from "./use-settings-form";

const COMMON_HEADERS = ["X-Forwarded-For", "CF-Connecting-IP", "Fly-Client-IP", "X-Real-IP"];

/** Proxies that may say where a request comes from, and where superusers may come from. */
function Network({ settings }: { settings: Settings }) {
  const { form, save } = useSettingsForm(settings, ["trustedProxy", "superuserIPs"]);
  const { data: health } = useQuery({ queryKey: ["health"], queryFn: loadHealth });
  const { trustedProxy, superuserIPs } = form.values;
  const realIP = health?.realIP ?? "";
  const header = health?.possibleProxyHeader ?? "";
  const sure = async () => {
    const narrowed = superuserIPs.length > 0 && !sameJson(superuserIPs, settings.superuserIPs);
    const yes = !narrowed || (await confirm({ title: t("Only these addresses?"), body: t("Superusers from any other address are locked out at once. Only the command line opens the door again."), action: t("Save"), danger: true }));
    return yes && save();
  };
  return (
    <SettingsForm form={form} save={sure} title={t("Network")}>
      <Fieldset legend={t("Proxies")}>
        <Stack gap="sm">
          <Text size="sm">
            {t("The server sees you at {ip}.", { ip: realIP || "?" })} {header && t("Your requests carry the header {header}.", { header })}
          </Text>
          {header && !trustedProxy.headers.includes(header) && <Alert color="yellow" p="xs">{t("A proxy seems to stand before this server, and is not named here.")}</Alert>}
          <TagsInput label={t("Headers to believe")} description={t("Only when a proxy of yours sets them; anybody else could write what they like")} data={COMMON_HEADERS} value={trustedProxy.headers} onChange={(headers) => form.set("trustedProxy", { ...trustedProxy, headers })} />
          <Group gap="sm">
            <Text size="sm">{t("Of several addresses take the")}</Text>
            <SegmentedControl
              size="xs"
              aria-label={t("Of several addresses take the")}
              value={trustedProxy.useLeftmostIP ? "left" : "right"}
              onChange={(side) => form.set("trustedProxy", { ...trustedProxy, useLeftmostIP: side === "left" })}
              data={[{ value: "right", label: t("last (safer)") }, { value: "left", label: t("first") }]}
            />
          </Group>
        </Stack>
      </Fieldset>
      <Fieldset legend={t("Superusers")}>
        <Stack gap="xs">
          <TagsInput label={t("Addresses that superusers may come from")} description={t("Nothing here means from everywhere")} value={superuserIPs} onChange={(ips) => form.set("superuserIPs", ips)} error={form.error("superuserIPs")} />
          {realIP && !superuserIPs.includes(realIP) && (
            <Anchor component="button" type="button" size="sm" w="fit-content" onClick={() => form.set("superuserIPs", [...superuserIPs, realIP])}>
              {t("Add yours, {ip}", { ip: realIP })}
            </Anchor>
          )}
          {superuserIPs.length > 0 && <Button variant="subtle" size="compact-sm" w="fit-content" onClick={() => form.set("superuserIPs", [])}>{t("Allow all addresses")}</Button>}
        </Stack>
      </Fieldset>
    </SettingsForm>
  );
}

export const NetworkPage = withSettings(Network);
