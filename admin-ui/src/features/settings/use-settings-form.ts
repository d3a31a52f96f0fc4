import { type Settings, useSaveSettings } from "@/api/settings";
import { t } from "@/i18n";
import { say } from "@/ui/toast";
import { type Form, useForm } from "@/ui/use-form";

/** A form for some groups of the settings, and how to save it. */
export function useSettingsForm<K extends keyof Settings>(settings: Settings, keys: readonly K[]): { form: Form<Pick<Settings, K>>; save: () => Promise<boolean> } {
  const pick = (from: Settings) => Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<Settings, K>;
  const form = useForm(pick(settings));
  const send = useSaveSettings();
  const save = () =>
    form.submit(async (values) => {
      form.reset(pick(await send(values as Partial<Settings>)));
      say(t("The settings are saved."));
    });
  return { form, save };
}
